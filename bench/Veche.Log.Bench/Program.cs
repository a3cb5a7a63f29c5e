using BenchmarkDotNet.Attributes;
using BenchmarkDotNet.Running;
using Veche.Log;
using Veche.Raft;

BenchmarkSwitcher.FromAssembly(typeof(AppendAndSync).Assembly).Run(args);

/// <summary>A batch of entries made durable, against the same bytes written and synced to a preallocated file. The ratio is what the log costs over the disk.</summary>
[MemoryDiagnoser]
[MinColumn]
public class AppendAndSync
{
    private string _directory = string.Empty;
    private RealDisk _disk = null!;
    private RealDisk _rawDisk = null!;
    private WriteAheadLog _log = null!;
    private IDiskFile _raw = null!;
    private byte[] _bytes = [];
    private Entry[] _entries = [];
    private long _rawOffset;
    private long _writeId;
    private long _index;

    [Params(1, 64)]
    public int Batch { get; set; }

    [Params(256, 4096)]
    public int EntryBytes { get; set; }

    [GlobalSetup]
    public void Open()
    {
        _directory = Directory.CreateTempSubdirectory("veche-bench-").FullName;
        _disk = new RealDisk(Path.Combine(_directory, "log"));
        _log = WriteAheadLog.Open(_disk, new LogOptions
        {
            Identity = new LogIdentity(1, new MemberId(1)),
            InitialBase = new SnapshotPoint(LogPosition.Zero, Configuration.Of([new MemberId(1)])),
        }).Log;
        _rawDisk = new RealDisk(Path.Combine(_directory, "raw"));
        _raw = _rawDisk.Open("raw");
        _raw.Preallocate(64 << 20);
        _raw.Sync();
        _bytes = new byte[Batch * (EntryBytes + 48)];
        _entries = new Entry[Batch];
    }

    [GlobalCleanup]
    public void Close()
    {
        _log.Dispose();
        _disk.Dispose();
        _raw.Dispose();
        _rawDisk.Dispose();
        Directory.Delete(_directory, recursive: true);
    }

    [Benchmark(Baseline = true)]
    public void RawWriteAndSync()
    {
        if (_rawOffset + _bytes.Length > 64 << 20)
        {
            _rawOffset = 0;
        }

        _raw.Write(_rawOffset, _bytes);
        _raw.Sync();
        _rawOffset += _bytes.Length;
    }

    [Benchmark]
    public void LogWriteAndSync()
    {
        for (int i = 0; i < Batch; i++)
        {
            _entries[i] = new Entry(++_index, 1, EntryKind.Command, _bytes.AsMemory(0, EntryBytes));
        }

        _log.Write(new LogWrite { WriteId = ++_writeId, Entries = _entries });
        _log.Sync();
        _log.PrepareNextSegment();
        if (_index % 10_000 < Batch && _index > 20_000)
        {
            _log.Compact(new LogPosition(_index - 5000, 1), Configuration.Of([new MemberId(1)]));
        }
    }
}
