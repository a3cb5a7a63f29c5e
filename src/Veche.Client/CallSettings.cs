namespace Veche.Client;

/// <summary>What a call asks for beside what it does. What is null is as in <see cref="VecheClientOptions.Defaults"/>, and else as the server has it.</summary>
public sealed record CallSettings
{
    /// <summary>Asks for nothing in particular.</summary>
    public static readonly CallSettings Default = new();

    /// <summary>When a write is acknowledged. Default null: as the server is set, which is by a majority. etcd knows no other.</summary>
    public WriteConcern? WriteConcern { get; init; }

    /// <summary>How long the server waits for that before it says that the outcome is unknown. Default null: as long as it waits anyway.</summary>
    public TimeSpan? WriteTimeout { get; init; }

    /// <summary>What a read may show. Default null: as the server is set, which is linearizable.</summary>
    public ReadConcern? ReadConcern { get; init; }

    /// <summary>A token of a reply (<see cref="ReplyInfo.Token"/>), of this client or another: show at least what that one showed. Default null: for session reads, the last token that this client was given.</summary>
    public string? After { get; init; }

    /// <summary>A session in which a write is done once, however often it is repeated. Default null: a write whose outcome is unknown is not repeated.</summary>
    public ClientSession? Session { get; init; }

    /// <summary>How long the call may take. Default null: <see cref="VecheClientOptions.Timeout"/>.</summary>
    public TimeSpan? Timeout { get; init; }

    internal CallSettings Over(CallSettings defaults) => new()
    {
        WriteConcern = WriteConcern ?? defaults.WriteConcern,
        WriteTimeout = WriteTimeout ?? defaults.WriteTimeout,
        ReadConcern = ReadConcern ?? defaults.ReadConcern,
        After = After ?? defaults.After,
        Session = Session ?? defaults.Session,
        Timeout = Timeout ?? defaults.Timeout,
    };
}
