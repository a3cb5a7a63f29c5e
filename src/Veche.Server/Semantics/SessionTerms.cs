using System.Globalization;
using System.IO.Hashing;
using Google.Protobuf;
using Grpc.Core;
using Veche.Api.Commands;

namespace Veche.Server.Semantics;

/// <summary>The session that a request names, into its command.</summary>
internal static class SessionTerms
{
    private const string Keys = "/etcdserverpb.KV/";
    private const string Leases = "/etcdserverpb.Lease/";

    /// <summary>Puts session, number and digest into a command, when the request names a session.</summary>
    /// <param name="command">Of the request. A digest that is there already stays: what the server itself fills into a command is not the client's.</param>
    /// <param name="context">The request's.</param>
    /// <exception cref="RpcException">One of the two is missing, or makes no sense.</exception>
    public static void Attach(Command command, ServerCallContext context)
    {
        if (!context.Method.StartsWith(Keys, StringComparison.Ordinal) && !context.Method.StartsWith(Leases, StringComparison.Ordinal))
        {
            // Locks and elections are several requests each.
            return;
        }

        string? session = context.Asked(SemanticsHeaders.Session);
        string? sequence = context.Asked(SemanticsHeaders.Sequence);
        if (session is null && sequence is null)
        {
            return;
        }

        if (session is null || sequence is null)
        {
            throw Errors.BadRequest($"{SemanticsHeaders.Session} and {SemanticsHeaders.Sequence} go together; {(session is null ? SemanticsHeaders.Session : SemanticsHeaders.Sequence)} is missing");
        }

        if (command.SessionDigest.IsEmpty)
        {
            command.SessionDigest = DigestOf(command);
        }

        command.SessionId = ParseId(session);
        command.SessionSequence = long.TryParse(sequence, NumberStyles.None, CultureInfo.InvariantCulture, out long number) && number > 0
            ? number
            : throw Errors.BadRequest($"{SemanticsHeaders.Sequence} is a whole number from 1 up, not '{sequence}'");
    }

    /// <summary>Tells one request from another, so that a number is not used for two by mistake. No protection against who means harm: the session is theirs alone.</summary>
    public static ByteString DigestOf(IMessage request) => UnsafeByteOperations.UnsafeWrap(XxHash128.Hash(request.ToByteArray()));

    public static long ParseId(string text) =>
        long.TryParse(text, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out long id) && id > 0
            ? id
            : throw Errors.BadRequest($"'{text}' is no session; open one with veche.v1.Sessions/Open, or with 'veche session open'");

    public static string IdText(long id) => id.ToString("x", CultureInfo.InvariantCulture);
}
