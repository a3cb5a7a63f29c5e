using BenchmarkDotNet.Attributes;
using BenchmarkDotNet.Running;
using Google.Protobuf;
using Veche.Api;
using Veche.Api.Commands;
using Veche.Raft;
using Veche.Replica;
using Veche.Store;

BenchmarkSwitcher.FromAssembly(typeof(StoreOperations).Assembly).Run(args);

/// <summary>Puts of 256 bytes applied in batches, and reads of single keys, on both engines.</summary>
[MemoryDiagnoser]
[MinColumn]
public class StoreOperations
{
    private const int Keys = 10_000;
    private readonly ApplyBatch _batch = new();
    private readonly Random _random = new(1);
    private readonly byte[][] _commands = new byte[Keys][];
    private string _directory = string.Empty;
    private KeyValueStore _store = null!;
    private long _index;

    [Params(true, false)]
    public bool OnDisk { get; set; }

    [GlobalSetup]
    public void Open()
    {
        _directory = Directory.CreateTempSubdirectory("veche-bench-").FullName;
        _store = KeyValueStore.Open(new StoreOptions { DataDirectory = OnDisk ? _directory : null });
        ByteString value = ByteString.CopyFrom(new byte[256]);
        for (int i = 0; i < Keys; i++)
        {
            _commands[i] = new Command { Put = new PutRequest { Key = KeyOf(i), Value = value } }.ToByteArray();
        }

        for (int i = 0; i < Keys; i += 100)
        {
            for (int key = i; key < i + 100; key++)
            {
                Add(key);
            }

            ApplyBatch();
        }
    }

    [GlobalCleanup]
    public void Close()
    {
        _store.Dispose();
        Directory.Delete(_directory, recursive: true);
    }

    [Benchmark(OperationsPerInvoke = 100)]
    public void PutsInBatchesOf100()
    {
        for (int i = 0; i < 100; i++)
        {
            Add(_random.Next(Keys));
        }

        ApplyBatch();
    }

    [Benchmark]
    public RangeResponse ReadOneKey() => _store.Range(new RangeRequest { Key = KeyOf(_random.Next(Keys)) });

    private static ByteString KeyOf(int number) => ByteString.CopyFromUtf8($"key-{number:D8}");

    private void Add(int key) => _batch.Add(new Committed(new LogPosition(++_index, 1), EntryKind.Command, _commands[key], WantsResult: true));

    private void ApplyBatch()
    {
        _store.Apply(_batch);
        _batch.Clear();
    }
}
