namespace Veche.Checking.Leases;

/// <summary>
/// That leases keep their promises, by name: <c>early-expiry</c> (a lease ran out before its time), <c>attached-to-dead-lease</c> (a key was put with
/// a lease that was not there), <c>orphaned-key</c> (a lease ended and a key of it stayed), <c>deleted-while-alive</c> (a key was deleted for a lease
/// that had not ended, or was not its own), <c>ended-twice</c> (a lease ended that was not there).
/// </summary>
public static class LeaseChecker
{
    /// <summary>Checks a history of leases.</summary>
    /// <param name="events">
    /// In the order in which they took effect. The deletions of a lease's keys come right after its end, before anything else.
    /// A keep-alive is placed where its client was answered, and only when it succeeded.
    /// </param>
    /// <param name="maxClockErrorMs">How much earlier than promised a lease may run out, because clocks that count it may be fast. Default 0.</param>
    public static CheckReport Check(IEnumerable<LeaseEvent> events, long maxClockErrorMs = 0)
    {
        var pass = new Pass(maxClockErrorMs);
        foreach (LeaseEvent happened in events)
        {
            pass.Take(happened);
        }

        pass.Finish();
        return CheckReport.Of(pass.Violations);
    }

    private sealed class Pass(long maxClockErrorMs)
    {
        private readonly Dictionary<long, long> _aliveUntil = [];
        private readonly Dictionary<string, long> _leaseOf = new(StringComparer.Ordinal);
        private readonly Dictionary<long, SortedSet<string>> _keysOf = [];
        private long _ended;

        public List<Violation> Violations { get; } = [];

        public void Take(LeaseEvent happened)
        {
            if (happened.Kind != LeaseEventKind.DeletedByLease)
            {
                Finish();
            }

            switch (happened.Kind)
            {
                case LeaseEventKind.Granted:
                    _aliveUntil[happened.Lease] = happened.TimeMs + happened.TimeToLiveMs;
                    break;
                case LeaseEventKind.KeptAlive when _aliveUntil.TryGetValue(happened.Lease, out long until):
                    _aliveUntil[happened.Lease] = Math.Max(until, happened.TimeMs + happened.TimeToLiveMs);
                    break;
                case LeaseEventKind.KeptAlive:
                    // The answer may have been under way while the lease ended.
                    break;
                case LeaseEventKind.Expired:
                    if (_aliveUntil.TryGetValue(happened.Lease, out long promised) && happened.TimeMs < promised - maxClockErrorMs)
                    {
                        Break("early-expiry", $"lease {happened.Lease} ran out at {happened.TimeMs} ms and was promised until {promised} ms");
                    }

                    End(happened.Lease);
                    break;
                case LeaseEventKind.Revoked:
                    End(happened.Lease);
                    break;
                case LeaseEventKind.Attached:
                    Attach(happened.Key!, happened.Lease);
                    break;
                case LeaseEventKind.Detached:
                    Detach(happened.Key!);
                    break;
                default:
                    Delete(happened.Key!, happened.Lease);
                    break;
            }
        }

        /// <summary>After the deletions that follow the end of a lease, none of its keys may be left.</summary>
        public void Finish()
        {
            if (_ended != 0 && _keysOf.Remove(_ended, out SortedSet<string>? left))
            {
                foreach (string key in left)
                {
                    Break("orphaned-key", $"{key} is still there though its lease {_ended} has ended");
                    _leaseOf.Remove(key);
                }
            }

            _ended = 0;
        }

        private void End(long lease)
        {
            if (!_aliveUntil.Remove(lease))
            {
                Break("ended-twice", $"lease {lease} ended and was not there");
            }

            _ended = lease;
        }

        private void Attach(string key, long lease)
        {
            Detach(key);
            if (!_aliveUntil.ContainsKey(lease))
            {
                Break("attached-to-dead-lease", $"{key} was put with lease {lease}, which was not there");
                return;
            }

            _leaseOf[key] = lease;
            if (!_keysOf.TryGetValue(lease, out SortedSet<string>? keys))
            {
                _keysOf.Add(lease, keys = new SortedSet<string>(StringComparer.Ordinal));
            }

            keys.Add(key);
        }

        private void Detach(string key)
        {
            if (_leaseOf.Remove(key, out long lease))
            {
                _keysOf[lease].Remove(key);
            }
        }

        private void Delete(string key, long lease)
        {
            if (lease != _ended || _leaseOf.GetValueOrDefault(key) != lease)
            {
                Break("deleted-while-alive", $"{key} was deleted for lease {lease}, which {(lease != _ended ? "had not just ended" : "was not its own")}");
            }

            Detach(key);
        }

        private void Break(string rule, string text) => Violations.Add(new Violation(rule, text));
    }
}
