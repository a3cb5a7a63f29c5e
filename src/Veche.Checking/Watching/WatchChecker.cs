namespace Veche.Checking.Watching;

/// <summary>
/// The nine guarantees of etcd's watches, by name: <c>Ordered</c> (never back in revisions), <c>Unique</c> (nothing twice), <c>Atomic</c> (a revision
/// in one response), <c>Reliable</c> (nothing left out in between, nothing changed), <c>Resumable</c> (from exactly the revision asked for),
/// <c>Bookmarkable</c> (a progress notification means that everything up to it was told), <c>PrevKV</c> (the value before is the true one),
/// <c>IsCreate</c> (created exactly when it did not exist), <c>Filter</c> (only what was asked for).
/// </summary>
public static class WatchChecker
{
    /// <summary>Checks one watch against what truly happened.</summary>
    /// <param name="watch">What was asked and told.</param>
    /// <param name="log">What truly happened.</param>
    public static CheckReport Check(WatchRecord watch, TrueLog log)
    {
        var check = new Pass(watch, log);
        check.Run();
        return CheckReport.Of(check.Violations);
    }

    private sealed class Pass(WatchRecord watch, TrueLog log)
    {
        private readonly HashSet<int> _told = [];
        private long _last;
        private long _bookmark;
        private bool _lastWasFragment;

        public List<Violation> Violations { get; } = [];

        public void Run()
        {
            foreach (WatchedResponse response in watch.Responses)
            {
                if (response.Events.Count == 0)
                {
                    Bookmark(response.Revision);
                    continue;
                }

                if (response.Events[0].Revision == _last && !_lastWasFragment)
                {
                    Break("Atomic", $"revision {_last} is told in two responses");
                }

                foreach (WatchedEvent told in response.Events)
                {
                    Take(told);
                }

                _lastWasFragment = response.IsFragment;
            }

            // What came within the last revision told may have been cut off with a fragment; before it nothing may be missing.
            LookForMissing(Math.Max(_lastWasFragment ? _last - 1 : _last, watch.ExpectedThrough), _bookmark);
        }

        private void Take(WatchedEvent told)
        {
            if (told.Revision < _last)
            {
                Break("Ordered", $"{Show(told)} is told after revision {_last}");
            }

            if (told.Revision <= _bookmark)
            {
                Break("Bookmarkable", $"{Show(told)} is told after a progress notification of revision {_bookmark}");
            }

            if (told.Revision < watch.StartRevision)
            {
                Break("Resumable", $"{Show(told)} is before revision {watch.StartRevision}, which was asked for");
            }

            if (!watch.Matches(told.Key, told.Value is null))
            {
                Break("Filter", $"{Show(told)} was not asked for");
            }

            _last = Math.Max(_last, told.Revision);
            int place = log.PlaceOf(told.Revision, told.Key);
            if (place < 0 || log[place].Value != told.Value)
            {
                Break("Reliable", $"{Show(told)} never happened");
                return;
            }

            if (!_told.Add(place))
            {
                Break("Unique", $"{Show(told)} is told twice");
            }

            string? before = log.Before(place);
            if (told.IsCreate != (before is null && told.Value is not null))
            {
                Break("IsCreate", $"{Show(told)} says that it {(told.IsCreate ? "creates" : "does not create")} the key");
            }

            if (watch.HasPrevious && told.Previous != before)
            {
                Break("PrevKV", $"{Show(told)} says that {told.Previous ?? "nothing"} was there before; it was {before ?? "nothing"}");
            }
        }

        private void Bookmark(long revision)
        {
            if (revision < _last)
            {
                Break("Bookmarkable", $"a progress notification of revision {revision} comes after revision {_last} was told");
            }

            _bookmark = Math.Max(_bookmark, revision);
        }

        private void LookForMissing(long through, long bookmark)
        {
            bool isFirst = true;
            for (int place = log.FirstFrom(watch.StartRevision); place < log.Count && log[place].Revision <= Math.Max(through, bookmark); place++)
            {
                TrueEvent happened = log[place];
                if (!watch.Matches(happened.Key, happened.Value is null))
                {
                    continue;
                }

                if (!_told.Contains(place))
                {
                    // What is missing before anything else was told was missed in starting.
                    string rule = happened.Revision > through ? "Bookmarkable" : isFirst ? "Resumable" : "Reliable";
                    Break(rule, $"{happened.Key} at revision {happened.Revision} is not told");
                }

                isFirst = isFirst && !_told.Contains(place);
            }
        }

        private static string Show(WatchedEvent told) => $"{(told.Value is null ? "the deletion" : "a put")} of {told.Key} at revision {told.Revision}";

        private void Break(string rule, string text)
        {
            if (Violations.Count < CheckReport.MaxViolations)
            {
                Violations.Add(new Violation(rule, $"watch {watch.Name}: {text}"));
            }
        }
    }
}
