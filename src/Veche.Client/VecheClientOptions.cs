using System.Net.Security;

namespace Veche.Client;

/// <summary>How to reach a cluster, and how patient to be.</summary>
public sealed record VecheClientOptions
{
    /// <summary>The members, as <c>http://host:port</c> or <c>https://host:port</c>. At least one; any will do, each passes on what it cannot do itself.</summary>
    public required IReadOnlyList<string> Endpoints { get; init; }

    /// <summary>How long a call may take with all its repetitions. Default 5 seconds. No call is without a deadline.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How long one attempt of a call that may be repeated waits for its answer. Default 2 seconds. Not for writes outside a session, which have to be waited for.</summary>
    public TimeSpan AttemptTimeout { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>How long making a connection may take. Default 1 second.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>The delay before the first repetition; each later one is twice as long, and random around that. Default 50 ms. A member that never got the call costs no delay while there are others.</summary>
    public TimeSpan RetryDelay { get; init; } = TimeSpan.FromMilliseconds(50);

    /// <summary>The longest delay between repetitions. Default 1 second.</summary>
    public TimeSpan MaxRetryDelay { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Repetitions that may be spent at once, over all calls of the client. Default 20, 0 forbids them. Each costs one; each call that succeeds earns <see cref="RetryBudgetPerCall"/>.</summary>
    public int RetryBudget { get; init; } = 20;

    /// <summary>Default 0.1: in the long run a tenth of the load may be repetitions, however ill the cluster is.</summary>
    public double RetryBudgetPerCall { get; init; } = 0.1;

    /// <summary>When so large a part of the calls to a member fails, it is left alone for <see cref="BreakDuration"/>. Default 0.5, above 0 to 1.</summary>
    public double BreakRatio { get; init; } = 0.5;

    /// <summary>Fewest calls to a member, within 10 seconds, to be judged by. Default 5, at least 2.</summary>
    public int BreakMinimumCalls { get; init; } = 5;

    /// <summary>Default 1 second, at least half a second.</summary>
    public TimeSpan BreakDuration { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Ask members who leads, and write there first: a hop less. Default true.</summary>
    public bool PreferLeader { get; init; } = true;

    /// <summary>Who asks; null for nobody.</summary>
    public string? User { get; init; }

    /// <summary>The password of <see cref="User"/>.</summary>
    public string? Password { get; init; }

    /// <summary>Certificates and whom to trust, for https; null for the system's own judgement.</summary>
    public SslClientAuthenticationOptions? Tls { get; init; }

    /// <summary>What calls ask for that do not say otherwise.</summary>
    public CallSettings Defaults { get; init; } = CallSettings.Default;

    /// <summary>Where time comes from. Default the system's.</summary>
    public TimeProvider TimeProvider { get; init; } = TimeProvider.System;

    internal void Validate()
    {
        Check(Endpoints.Count > 0, $"{nameof(Endpoints)} is empty: name at least one member, as http://host:port.");
        foreach (string endpoint in Endpoints)
        {
            Check(Uri.TryCreate(endpoint, UriKind.Absolute, out Uri? uri) && uri.Scheme is "http" or "https", $"{nameof(Endpoints)} has '{endpoint}'; an endpoint looks like http://host:port.");
        }

        Check(Timeout > TimeSpan.Zero && AttemptTimeout > TimeSpan.Zero && ConnectTimeout > TimeSpan.Zero, "Times to wait are longer than nothing.");
        Check(RetryDelay > TimeSpan.Zero && MaxRetryDelay >= RetryDelay, $"{nameof(RetryDelay)} is longer than nothing and no longer than {nameof(MaxRetryDelay)}.");
        Check(RetryBudget >= 0 && RetryBudgetPerCall >= 0, "A budget is not negative.");
        Check(BreakRatio is > 0 and <= 1 && BreakMinimumCalls >= 2 && BreakDuration >= TimeSpan.FromSeconds(0.5), $"{nameof(BreakRatio)} is above 0 to 1, {nameof(BreakMinimumCalls)} at least 2, {nameof(BreakDuration)} at least half a second.");
        Check(User is null == Password is null, $"{nameof(User)} and {nameof(Password)} go together.");
    }

    private static void Check(bool holds, string otherwise)
    {
        if (!holds)
        {
            throw new ArgumentException(otherwise);
        }
    }
}
