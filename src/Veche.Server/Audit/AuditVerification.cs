using System.Globalization;

namespace Veche.Server.Audit;

/// <summary>One member's trail, as far as it could be read.</summary>
/// <param name="Directory">Where it is.</param>
/// <param name="Member">Whose it is.</param>
/// <param name="First">Index of the first entry; 0 for none.</param>
/// <param name="Last">Index of the last line.</param>
/// <param name="Entries">How many entries it tells of.</param>
/// <param name="Gaps">What it says is missing.</param>
public sealed record AuditedTrail(string Directory, string Member, long First, long Last, long Entries, IReadOnlyList<AuditGap> Gaps);

/// <summary>Entries that are not there.</summary>
/// <param name="From">First index.</param>
/// <param name="Through">Last index.</param>
/// <param name="Why">What the trail says about it; empty for what no trail has.</param>
public sealed record AuditGap(long From, long Through, string Why);

/// <summary>
/// What several members' trails say together: each is whole, they tell the same of the same entries, and what one lacks another has.
/// </summary>
public sealed class AuditVerification
{
    private readonly List<string> _findings = [];
    private readonly List<AuditGap> _missing = [];
    private readonly List<AuditedTrail> _trails = [];

    private AuditVerification(string cluster) => Cluster = cluster;

    /// <summary>The cluster they are of.</summary>
    public string Cluster { get; }

    /// <summary>What is wrong, in words; empty when nothing is.</summary>
    public IReadOnlyList<string> Findings => _findings;

    /// <summary>Entries between the first and the last of all trails that none has.</summary>
    public IReadOnlyList<AuditGap> Missing => _missing;

    /// <summary>Each of them.</summary>
    public IReadOnlyList<AuditedTrail> Trails => _trails;

    /// <summary>Reads them side by side, an entry of each at a time.</summary>
    /// <param name="directories">One or more.</param>
    /// <param name="progress">Told now and then how far it is.</param>
    /// <exception cref="ArgumentException">They are of different clusters.</exception>
    /// <exception cref="IOException">One cannot be read, or there is none.</exception>
    public static AuditVerification Of(IReadOnlyList<string> directories, Action<long>? progress = null)
    {
        List<Cursor> cursors = [];
        try
        {
            foreach (string directory in directories)
            {
                cursors.Add(new Cursor(directory));
            }

            string? cluster = null;
            foreach (Cursor cursor in cursors)
            {
                cursor.Advance();
                cluster ??= cursor.Owner.Cluster;
                if (cursor.Damage is null && cursor.Owner.Cluster != cluster)
                {
                    throw new ArgumentException($"{cursor.Directory} is of cluster {cursor.Owner.Cluster}, {cursors[0].Directory} of {cluster}: verify them apart", nameof(directories));
                }
            }

            var verification = new AuditVerification(cluster ?? string.Empty);
            verification.Merge(cursors, progress);
            return verification;
        }
        finally
        {
            cursors.ForEach(static cursor => cursor.Dispose());
        }
    }

    private void Merge(List<Cursor> cursors, Action<long>? progress)
    {
        long next = 0;
        long seen = 0;
        while (cursors.Where(static cursor => cursor.Current is not null).MinBy(static cursor => cursor.Current!.From) is { } first)
        {
            AuditLine line = first.Current!;
            if (next > 0 && line.From > next)
            {
                _missing.Add(new AuditGap(next, line.From - 1, string.Empty));
            }

            foreach (Cursor other in cursors)
            {
                if (!ReferenceEquals(other, first) && other.Current is { } told && told.From == line.From)
                {
                    if (told.Content != line.Content)
                    {
                        _findings.Add(string.Create(CultureInfo.InvariantCulture, $"index {line.From}: {first.Directory} says {line.Content}, {other.Directory} says {told.Content}"));
                    }

                    other.Advance();
                }
            }

            next = line.From + 1;
            first.Advance();
            if (++seen % 100_000 == 0)
            {
                progress?.Invoke(line.From);
            }
        }

        foreach (Cursor cursor in cursors)
        {
            _trails.Add(cursor.Told);
            if (cursor.Damage is { } damage)
            {
                _findings.Add(damage);
            }

            if (cursor.Told.Last >= next && next > 0)
            {
                // It ends with a gap that nobody fills.
                _missing.Add(new AuditGap(next, cursor.Told.Last, string.Empty));
                next = cursor.Told.Last + 1;
            }
        }
    }

    /// <summary>A trail at the entry it has come to.</summary>
    private sealed class Cursor(string directory) : IDisposable
    {
        private readonly IEnumerator<AuditLine> _lines = AuditReader.Read(directory).GetEnumerator();
        private readonly List<AuditGap> _gaps = [];
        private long _first;
        private long _last;
        private long _entries;

        public string Directory => directory;

        public (string Cluster, string Member) Owner { get; private set; } = (string.Empty, string.Empty);

        public string? Damage { get; private set; }

        public AuditLine? Current { get; private set; }

        public AuditedTrail Told => new(directory, Owner.Member, _first, _last, _entries, _gaps);

        public void Advance()
        {
            Current = null;
            try
            {
                while (Current is null && _lines.MoveNext())
                {
                    Take(_lines.Current);
                }
            }
            catch (AuditDamagedException exception)
            {
                Damage = exception.Message;
            }
        }

        public void Dispose() => _lines.Dispose();

        private void Take(AuditLine line)
        {
            switch (line.Kind)
            {
                case AuditLineKind.Head:
                    if (Owner.Member.Length > 0 && Owner != line.Owner)
                    {
                        throw new AuditDamagedException(directory, 1, $"its files are of different members: {Owner.Member} and {line.Owner.Member}");
                    }

                    Owner = line.Owner;
                    break;
                case AuditLineKind.Gap:
                    _gaps.Add(new AuditGap(line.From, line.Through, line.Why));
                    _last = line.Through;
                    break;
                default:
                    _first = _first == 0 ? line.From : _first;
                    _last = line.From;
                    _entries++;
                    Current = line;
                    break;
            }
        }
    }
}
