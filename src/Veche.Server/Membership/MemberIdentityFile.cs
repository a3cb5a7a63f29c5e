using System.Text.Json;
using System.Text.Json.Serialization;
using Veche.Raft;

namespace Veche.Server.Membership;

/// <summary>
/// Who a member is, beside its data. As in etcd, the flags about the first members count only once: a member that has data is who it was, wherever
/// it is reached now.
/// </summary>
internal static class MemberIdentityFile
{
    private const string Name = "identity.json";

    public static string PathIn(string directory) => Path.Combine(directory, Name);

    /// <exception cref="InvalidDataException">The file is damaged.</exception>
    public static ClusterIdentity? Read(string directory)
    {
        string path = PathIn(directory);
        if (!File.Exists(path))
        {
            return null;
        }

        try
        {
            Content content = JsonSerializer.Deserialize(File.ReadAllText(path), MemberIdentityJson.Default.Content) ?? throw new JsonException("it is empty");
            return new ClusterIdentity(content.Cluster, new MemberId(content.Member), [.. content.Members.Select(static known => new ClusterIdentity.Founder(new MemberId(known.Id), known.Name, [.. known.PeerUrls.Select(static url => new Uri(url))], known.Witness))]);
        }
        catch (Exception exception) when (exception is JsonException or UriFormatException or ArgumentNullException)
        {
            throw new InvalidDataException($"{path} is damaged: {exception.Message} Restore the data directory from a backup, or remove the member and add it anew with an empty directory.", exception);
        }
    }

    public static void Write(string directory, ClusterIdentity identity)
    {
        Directory.CreateDirectory(directory);
        var content = new Content(identity.ClusterId, identity.Self.Value, [.. identity.Members.Select(static known => new Known(known.Id.Value, known.Name, [.. known.PeerUrls.Select(Urls.Plain)], known.IsWitness))]);
        string path = PathIn(directory);
        using (var file = new FileStream(path + ".new", FileMode.Create, FileAccess.Write))
        {
            JsonSerializer.Serialize(file, content, MemberIdentityJson.Default.Content);
            file.Flush(flushToDisk: true);
        }

        File.Move(path + ".new", path, overwrite: true);
    }

    internal sealed record Content(ulong Cluster, ulong Member, IReadOnlyList<Known> Members);

    internal sealed record Known(ulong Id, string Name, IReadOnlyList<string> PeerUrls, bool Witness = false);
}

/// <summary>How the file is written; made when this is compiled, without reflection.</summary>
[JsonSerializable(typeof(MemberIdentityFile.Content))]
internal sealed partial class MemberIdentityJson : JsonSerializerContext;
