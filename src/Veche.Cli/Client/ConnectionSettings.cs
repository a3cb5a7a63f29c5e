namespace Veche.Cli.Client;

/// <summary>Where the cluster is, and who asks.</summary>
internal sealed record ConnectionSettings
{
    /// <summary>Members to ask, as whole URLs, in the order in which they are tried.</summary>
    public required IReadOnlyList<string> Endpoints { get; init; }

    /// <summary>For one call with all its attempts. Streams that go on until they are stopped have none.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>PEM file with the authorities to trust; null trusts the machine's.</summary>
    public string? AuthorityFile { get; init; }

    /// <summary>PEM file with the certificate to show, or null.</summary>
    public string? CertificateFile { get; init; }

    /// <summary>PEM file with its key.</summary>
    public string? KeyFile { get; init; }

    /// <summary>Trust whoever answers.</summary>
    public bool SkipVerification { get; init; }

    /// <summary>Who asks, or null.</summary>
    public string? User { get; init; }

    /// <summary>Never printed: records print their properties, so this one has its own text.</summary>
    public Secret Password { get; init; } = new(string.Empty);
}

/// <summary>A text that does not show itself.</summary>
internal sealed class Secret(string value)
{
    public string Reveal() => value;

    public override string ToString() => "***";
}
