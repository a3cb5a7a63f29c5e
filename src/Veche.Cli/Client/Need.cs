using Google.Protobuf;

namespace Veche.Cli.Client;

/// <summary>What a call needs a permission for, to name the grant that would help.</summary>
/// <param name="Kind">read, write or readwrite; root for what only the role root may.</param>
/// <param name="Key">First key.</param>
/// <param name="RangeEnd">End of the range; empty for one key.</param>
internal sealed record Need(string Kind, ByteString Key, ByteString RangeEnd)
{
    public static Need Root { get; } = new("root", ByteString.Empty, ByteString.Empty);

    public static Need Read(ByteString key, ByteString rangeEnd) => new("read", key, rangeEnd);

    public static Need Write(ByteString key, ByteString rangeEnd) => new("write", key, rangeEnd);

    /// <summary>The command that allows it.</summary>
    public string Grant(string user) => Kind == "root"
        ? $"veche user grant-role {user} root"
        : $"veche role grant-permission ROLE {Kind} {Texts.Quote(Key)}{(RangeEnd.IsEmpty ? string.Empty : " " + Texts.Quote(RangeEnd))}  and  veche user grant-role {user} ROLE";
}
