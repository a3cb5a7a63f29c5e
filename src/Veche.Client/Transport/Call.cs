using Grpc.Core;

namespace Veche.Client.Transport;

/// <summary>May a call be made twice?</summary>
internal enum Repetition
{
    /// <summary>It changes nothing, or the same twice.</summary>
    Harmless,

    /// <summary>Only while it is certain that it was not begun.</summary>
    OnlyIfNotBegun,

    /// <summary>It bears a number in a session: done once, however often it is made. What became of it is another question, once an attempt was not answered.</summary>
    Numbered,
}

/// <summary>One attempt: the stub is made of the first, the second goes with it; gives the answer and what was said beside it.</summary>
internal delegate Task<(T Answer, Metadata Trailers)> Attempt<T>(CallInvoker member, CallOptions options);

/// <summary>Makes attempts of what the stubs give.</summary>
internal static class Attempts
{
    public static Attempt<T> Of<T>(Func<CallInvoker, CallOptions, AsyncUnaryCall<T>> call) => async (member, options) =>
    {
        using AsyncUnaryCall<T> under = call(member, options);
        T answer = await under.ResponseAsync.ConfigureAwait(false);
        return (answer, under.GetTrailers());
    };
}
