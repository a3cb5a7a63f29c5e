using Grpc.Core;

namespace Veche.Cli.Client;

/// <summary>Failures in words that say what to do next.</summary>
internal static class Advice
{
    public static CommandFailedException NobodyAnswers(IReadOnlyDictionary<string, string> failures)
    {
        string tried = string.Join("; ", failures.Select(static failure => $"{failure.Key}: {failure.Value}"));
        string next = failures.Values.Any(static text => text.Contains("TLS", StringComparison.Ordinal)) ? "Check --cacert, --cert and --key."
            : failures.Values.Any(static text => text.Contains("no leader", StringComparison.Ordinal)) ? "The cluster has no leader: `veche status --endpoints ALL,MEMBERS` shows who is down."
            : "Is a member running there, and does it speak http or https as asked? --endpoints names others.";
        return new CommandFailedException(ExitCode.Unreachable, $"no endpoint answers ({tried}). {next}");
    }

    public static CommandFailedException OutcomeUnknown(string endpoint, string why, string? token = null) => new(
        ExitCode.OutcomeUnknown,
        $"outcome unknown: {endpoint} was asked, and did not answer ({why}). The write may have happened, or may still happen. Read before you repeat it (`veche get KEY`, `veche member list`, `veche lease list`); repeat at once only what may happen twice."
        + (token is null ? string.Empty : $" Or ask what became of it: veche outcome {token}"));

    public static CommandFailedException Of(RpcException exception, Need need, string endpoint, string? user)
    {
        string detail = exception.Status.Detail;
        (int code, string next) = detail switch
        {
            "etcdserver: permission denied" => (ExitCode.NotAllowed, user is null
                ? "No user was named: add --user NAME."
                : $"User '{user}' may not do this; `veche user get {user}` shows the roles. Root can allow it: {need.Grant(user)}"),
            "etcdserver: user name is empty" => (ExitCode.NotAllowed, "Authentication is on, and no user was named: add --user NAME."),
            "etcdserver: authentication failed, invalid user ID or password" => (ExitCode.NotAllowed, $"Is '{user}' the right name, and the password too? Root can set another: veche user passwd {user}"),
            "etcdserver: user name not found" => (ExitCode.NotAllowed, "`veche user list` shows the users there are."),
            "etcdserver: mvcc: database space exceeded" => (ExitCode.Refused, "The quota is used up, and only deletes go on. Compact and delete, then `etcdctl alarm disarm`: see docs/operations.md."),
            "etcdserver: mvcc: required revision has been compacted" => (ExitCode.Refused, "That revision is gone; ask for a newer one, or leave out --rev."),
            "etcdserver: mvcc: required revision is a future revision" => (ExitCode.Refused, "The store has not come so far; leave out --rev, or `veche watch` from it."),
            "etcdserver: requested lease not found" => (ExitCode.Refused, "It has expired or was revoked; `veche lease list` shows those there are."),
            "etcdserver: member not found" => (ExitCode.Refused, "`veche member list` shows the members there are."),
            "etcdserver: unhealthy cluster" => (ExitCode.Refused, "Not all voters have been connected for five seconds; `veche status` shows who is down. Remove one that is gone for good first, or use `veche member replace`."),
            "etcdserver: re-configuration failed due to not enough started members" => (ExitCode.Refused, "The change would leave too few members that work; start those that were added first."),
            "etcdserver: can only promote a learner member which is in sync with leader" => (ExitCode.Refused, "It has not caught up: start it if it does not run, or wait."),
            "etcdserver: too many requests" => (ExitCode.Refused, "The member has enough to do: wait a moment."),
            _ => (exception.StatusCode is StatusCode.Unauthenticated or StatusCode.PermissionDenied ? ExitCode.NotAllowed
                : CallFailure.HasNoAnswer(exception) && !detail.StartsWith("etcdserver:", StringComparison.Ordinal) ? ExitCode.Unreachable
                : ExitCode.Refused, string.Empty),
        };
        string what = detail.Length > 0 ? detail : exception.StatusCode.ToString();
        return new CommandFailedException(code, next.Length > 0 ? $"{what}. {next}" : $"{what} (asked {endpoint})");
    }
}
