namespace Veche.Server;

/// <summary>The etcd version that clients are told: they choose by it what they may ask. It says which interface is spoken, not who speaks it.</summary>
internal static class EtcdVersion
{
    public const string Server = "3.4.23";

    public const string Cluster = "3.4.0";
}
