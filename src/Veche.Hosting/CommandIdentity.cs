using Veche.Raft;

namespace Veche.Hosting;

/// <summary>A command in any log: who proposed it, under which number, and from where on it can be found.</summary>
/// <param name="Origin">The member that took it.</param>
/// <param name="Sequence">The member's number for it, never used again.</param>
/// <param name="AfterIndex">Everything up to here was committed before the command was made, so it is not there.</param>
public readonly record struct CommandIdentity(MemberId Origin, long Sequence, long AfterIndex);

/// <summary>What a search for a command found.</summary>
/// <param name="Index">Where it is committed; 0 when it was not found.</param>
/// <param name="SearchedFrom">First place that was looked at. Beyond the place after <see cref="CommandIdentity.AfterIndex"/> when entries have been dropped from this log.</param>
/// <param name="SearchedThrough">Last place that was looked at: everything that was committed when the search began.</param>
public readonly record struct CommandSearch(long Index, long SearchedFrom, long SearchedThrough);
