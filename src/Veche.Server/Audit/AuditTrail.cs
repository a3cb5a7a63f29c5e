using System.Globalization;
using System.Text;
using Veche.Log;

namespace Veche.Server.Audit;

/// <summary>
/// The files of a trail as their writer has them: lines are put at the end, and nothing else is ever changed. Begun anew in a further file once one is large,
/// so that old ones can be taken away whole.
/// </summary>
internal sealed class AuditTrail : IDisposable
{
    /// <summary>Size from which on the next file is begun.</summary>
    public const long DefaultFileBytes = 64 << 20;

    private const string Prefix = "audit-";
    private const string Extension = ".jsonl";

    private readonly IDisk _disk;
    private readonly string _cluster;
    private readonly string _member;
    private readonly long _fileBytes;
    private readonly TimeProvider _time;
    private readonly StringBuilder _pending = new();
    private IDiskFile? _file;
    private string _name = string.Empty;
    private long _length;
    private string _hash = AuditLine.NoHash;

    private AuditTrail(IDisk disk, string cluster, string member, long fileBytes, TimeProvider time)
    {
        _disk = disk;
        _cluster = cluster;
        _member = member;
        _fileBytes = fileBytes;
        _time = time;
    }

    /// <summary>The index that the next line is about.</summary>
    public long NextIndex { get; private set; } = 1;

    /// <summary>True when there was no trail yet.</summary>
    public bool IsNew { get; private set; } = true;

    /// <summary>The last entry as it was told, and its index; null when the last line is none.</summary>
    public (long Index, string Content)? Last { get; private set; }

    /// <summary>What is wrong with lines that were whole once; they and those behind them are cut off as soon as another is written. Null when nothing is.</summary>
    public string? Damage { get; private set; }

    /// <summary>How much of the trail a sync has saved.</summary>
    public TrailPosition Durable { get; private set; }

    /// <summary>Whether a file of that name is one of a trail.</summary>
    public static bool IsFileOfTrail(string name) =>
        name.Length == Prefix.Length + 20 + Extension.Length && name.StartsWith(Prefix, StringComparison.Ordinal) && name.EndsWith(Extension, StringComparison.Ordinal) && name.AsSpan(Prefix.Length, 20).IndexOfAnyExceptInRange('0', '9') < 0;

    /// <summary>Opens a trail, or begins one. A last line that a crash cut short is cut off.</summary>
    /// <param name="disk">Where it is.</param>
    /// <param name="cluster">Whose trail it is.</param>
    /// <param name="member">Whose trail it is.</param>
    /// <param name="time">For when a line is written.</param>
    /// <param name="fileBytes">Size from which on the next file is begun.</param>
    /// <param name="durable">
    /// How far it had been saved, when a sync of it has failed: what lies behind that can be read, and no later sync saves it. It is cut off, to be written again.
    /// Null when what is there is what there is.
    /// </param>
    /// <exception cref="InvalidDataException">It is the trail of another member.</exception>
    /// <exception cref="IOException">It cannot be read or written.</exception>
    public static AuditTrail Open(IDisk disk, string cluster, string member, TimeProvider time, long fileBytes = DefaultFileBytes, TrailPosition? durable = null)
    {
        var trail = new AuditTrail(disk, cluster, member, fileBytes, time);
        try
        {
            if (durable is { } saved)
            {
                CutOff(disk, saved);
            }

            // A crash may have come between the beginning of a file and its first line.
            foreach (string name in disk.List().Where(IsFileOfTrail).Reverse())
            {
                if (trail.GoOnIn(name))
                {
                    break;
                }
            }
        }
        catch
        {
            trail.Dispose();
            throw;
        }

        return trail;
    }

    /// <summary>Tells of an entry. Durable after <see cref="Sync"/>.</summary>
    public void Append(long index, string entry, AppliedOutcome? outcome)
    {
        Add(index, AuditText.Entry(entry, outcome, _time.GetUtcNow()));
        NextIndex = index + 1;
        Last = (index, entry);
    }

    /// <summary>Says that entries are missing, from the next one on.</summary>
    public void AppendGap(long through, string why)
    {
        Add(NextIndex, AuditText.Gap(NextIndex, through, why, _time.GetUtcNow()));
        NextIndex = through + 1;
        Last = null;
    }

    /// <summary>Makes what was told durable. After an exception the trail must be opened anew, with <see cref="Durable"/>.</summary>
    public void Sync()
    {
        if (_pending.Length == 0)
        {
            return;
        }

        Write();
        _file!.Sync();
        Durable = new TrailPosition(_name, _length);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _file?.Dispose();
        _file = null;
    }

    private void Add(long index, string open)
    {
        if (Damage is not null)
        {
            _file!.Truncate(_length);
            Damage = null;
        }

        if (_file is null || _length + _pending.Length >= _fileBytes)
        {
            BeginFile(index);
        }

        Close(open);
    }

    private void Close(string open)
    {
        string line = AuditLine.Close(open, _hash);
        _hash = line[^66..^2];
        _pending.Append(line).Append('\n');
        IsNew = false;
    }

    private void BeginFile(long index)
    {
        if (_file is not null)
        {
            Sync();
            _file.Dispose();
        }

        _name = string.Create(CultureInfo.InvariantCulture, $"{Prefix}{index:D20}{Extension}");
        _file = _disk.Open(_name);
        _file.Truncate(0);
        _length = 0;
        Close(AuditText.Head(_cluster, _member, _hash, _time.GetUtcNow()));
        Sync();
        _disk.SyncDirectory();
    }

    private void Write()
    {
        byte[] bytes = Encoding.UTF8.GetBytes(_pending.ToString());
        _pending.Clear();
        _file!.Write(_length, bytes);
        _length += bytes.Length;
    }

    /// <summary>False when there is nothing in it.</summary>
    private bool GoOnIn(string name)
    {
        // Where nothing but the head is in it yet, its name says what comes.
        NextIndex = long.Parse(name[Prefix.Length..^Extension.Length], NumberStyles.None, CultureInfo.InvariantCulture);
        IDiskFile file = _file = _disk.Open(_name = name);
        byte[] text = new byte[file.Length];
        int read = file.Read(0, text);
        int line = 0;
        int at = 0;
        while (at < read && Damage is null)
        {
            int length = text.AsSpan(at, read - at).IndexOf((byte)'\n');
            if (length < 0)
            {
                break;
            }

            line++;
            try
            {
                Take(AuditLine.Parse(Encoding.UTF8.GetString(text, at, length), line == 1 ? null : _hash));
                at += length + 1;
            }
            catch (InvalidDataException exception) when (line > 1)
            {
                Damage = string.Create(CultureInfo.InvariantCulture, $"line {line} of {name}: {exception.Message}");
            }
            catch (InvalidDataException) when (at + length + 1 >= read || text.AsSpan(at, length).Trim((byte)0).IsEmpty)
            {
                break;
            }
        }

        if (at == 0)
        {
            Dispose();
            _disk.Delete(name);
            NextIndex = 1;
            return false;
        }

        if (Damage is null && at < read)
        {
            file.Truncate(at);
        }

        _length = at;
        Durable = new TrailPosition(name, at);
        IsNew = false;
        return true;
    }

    private static void CutOff(IDisk disk, TrailPosition durable)
    {
        foreach (string name in disk.List().Where(IsFileOfTrail).Reverse())
        {
            int order = string.CompareOrdinal(name, durable.File);
            if (order > 0)
            {
                disk.Delete(name);

                // It must not be back after a power loss, behind lines that will have been written in its place.
                disk.SyncDirectory();
            }
            else
            {
                if (order == 0)
                {
                    using IDiskFile file = disk.Open(name);
                    file.Truncate(durable.Length);
                }

                break;
            }
        }
    }

    private void Take(AuditLine line)
    {
        if (line.Kind == AuditLineKind.Head)
        {
            if (line.Owner != (_cluster, _member))
            {
                throw new TrailOfAnotherException($"the audit trail is that of member {line.Owner.Member} of cluster {line.Owner.Cluster}, and this is member {_member} of cluster {_cluster}");
            }
        }
        else
        {
            NextIndex = line.Through + 1;
        }

        Last = line.Kind == AuditLineKind.Entry ? (line.From, line.Content) : null;
        _hash = line.Hash;
    }
}

/// <summary>A place in a trail.</summary>
/// <param name="File">Name of the file; empty before the first.</param>
/// <param name="Length">Bytes of it.</param>
internal readonly record struct TrailPosition(string? File, long Length);

/// <summary>A directory holds the trail of another member.</summary>
internal sealed class TrailOfAnotherException(string message) : IOException(message);
