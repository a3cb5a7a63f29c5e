using System.Runtime.CompilerServices;

namespace Veche.Client;

/// <summary>Watching.</summary>
public sealed partial class VecheClient
{
    /// <summary>
    /// Tells the changes of keys, each once and in order. When the member that tells them goes away, another one goes on from the revision after the last
    /// that was told.
    /// </summary>
    /// <param name="range">Which keys.</param>
    /// <param name="options">From when, and how; null for everything from now on.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="VecheUnavailableException">No member has begun it within <see cref="VecheClientOptions.Timeout"/>. Once begun, it looks for members as long as it takes.</exception>
    /// <exception cref="WatchCompactedException">Changes were missed.</exception>
    /// <exception cref="VecheRefusedException">The cluster refused.</exception>
    public async IAsyncEnumerable<WatchBatch> WatchAsync(KeyRange range, WatchOptions? options = null, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        using var follower = new WatchFollower(this, _cluster, range, options ?? new WatchOptions());
        while (true)
        {
            yield return await follower.NextAsync(cancellationToken).ConfigureAwait(false);
        }
    }
}
