using Google.Protobuf;
using Veche.Api;
using Veche.Replica;
using Veche.Simulation.Clients;
using Veche.Store;
using Veche.Store.Engine;
using Veche.Store.Mvcc;

namespace Veche.Simulation.Disks;

/// <summary>
/// Where a member keeps its data when its state is durable: engines that promise what RocksDB promises without a log of its own. Whatever is
/// committed is seen at once; what survives the process is some boundary between two commits, never before the last flush.
/// </summary>
internal sealed class VirtualStoreHome(SimulationRandom random) : IStoreHome
{
    private Engine _current = new(random, new MemoryEngine());
    private bool _isDamaged;

    /// <inheritdoc/>
    public IKeyValueEngine OpenEngine() => _isDamaged ? throw new StateDamagedException("the state was found to be damaged before the restart")
        : _current.IsUnreadable ? throw new StateDamagedException("a file of the state cannot be read")
        : _current;

    /// <inheritdoc/>
    public (IKeyValueEngine Engine, Action MakeCurrent) CreateSuccessor()
    {
        var next = new Engine(random, new MemoryEngine());
        return (next, () =>
        {
            _current = next;
            _isDamaged = false;
            AwaitsState = false;
        });
    }

    /// <inheritdoc/>
    public bool AwaitsState { get; private set; }

    /// <inheritdoc/>
    public void MarkDamaged() => _isDamaged = true;

    /// <summary>As a server does with a store that it cannot open: the next begins empty.</summary>
    public void PutAside()
    {
        _current = new Engine(random, new MemoryEngine());
        _isDamaged = false;
        AwaitsState = true;
    }

    /// <summary>Something of it can no longer be read.</summary>
    public bool IsUnreadable => _current.IsUnreadable;

    /// <summary>Something of it can no longer be read, which is noticed by whoever tries.</summary>
    public void BecomeUnreadable() => _current.IsUnreadable = true;

    /// <summary>Something of it is no longer what was written, and looks as good as before.</summary>
    /// <returns>What; null when there is nothing that could change.</returns>
    public string? Change() => _current.Change();

    /// <summary>Every version that is kept and has a value, with its revision, and whether the index has it.</summary>
    public IEnumerable<(long Revision, KeyValue Kv, bool IsFound)> Versions()
    {
        using IEngineView view = _current.OpenView();
        foreach ((byte[] key, byte[] value) in _current.Versions())
        {
            Revision at = Revision.Read(key.AsSpan(1), out _);
            var kv = KeyValue.Parser.ParseFrom(value);
            yield return (at.Main, kv, view.Get(IndexKey(kv, at)) is not null);
        }
    }

    private static byte[] IndexKey(KeyValue kv, Revision at) => KeyLayout.WriteIndex(new byte[KeyLayout.MaxIndexLength(kv.Key.Length)], kv.Key.Span, at).ToArray();

    /// <summary>True when everything that was committed would survive.</summary>
    public bool IsFlushed => _current.IsFlushed;

    /// <summary>The process ends, however: what its engine held in memory is gone.</summary>
    public void ProcessEnded() => _current = _current.Survivor();

    private sealed class Engine(SimulationRandom random, MemoryEngine memory) : IKeyValueEngine
    {
        /// <summary>The engine writes its memory out by itself when there is much of it.</summary>
        private const int MostInMemory = 200;

        /// <summary>The state at the last flush, and after each commit since.</summary>
        private readonly List<IEngineView> _boundaries = [memory.OpenView()];

        public bool IsDurable => true;

        public bool IsFlushed => _boundaries.Count == 1;

        public long SizeBytes => memory.SizeBytes;

        public EngineBatch Batch => memory.Batch;

        public Action<string>? Damaged { get; set; }

        /// <summary>Reading it fails.</summary>
        public bool IsUnreadable { get; set; }

        /// <summary>Every version with a value, as it is kept.</summary>
        public List<(byte[] Key, byte[] Value)> Versions()
        {
            List<(byte[] Key, byte[] Value)> versions = [];
            using IEngineView view = memory.OpenView();
            using IEngineIterator iterator = view.OpenIterator();
            for (iterator.Seek([KeyLayout.History]); iterator.IsValid && iterator.Key[0] == KeyLayout.History; iterator.Next())
            {
                Revision.Read(iterator.Key[1..], out bool isTombstone);
                if (!isTombstone)
                {
                    versions.Add((iterator.Key.ToArray(), iterator.Value.ToArray()));
                }
            }

            return versions;
        }

        public string? Change()
        {
            List<(byte[] Key, byte[] Value)> versions = Versions();
            if (versions.Count == 0)
            {
                return null;
            }

            (byte[] key, byte[] value) = random.Pick(versions);
            var kv = KeyValue.Parser.ParseFrom(value);
            string what;
            if (random.Chance(0.3))
            {
                // Its place in the index is lost: reads of the key see the version before, or none.
                memory.Batch.Delete(IndexKey(kv, Revision.Read(key.AsSpan(1), out _)));
                what = $"no longer finds version {kv.Version} of {KeyNames.Of(KeyNames.NumberOf(kv.Key))}";
            }
            else
            {
                kv.Value = ByteString.CopyFrom([.. kv.Value.Span, (byte)random.Between(1, 255)]);
                memory.Batch.Put(key, kv.ToByteArray());
                what = $"has another value in version {kv.Version} of {KeyNames.Of(KeyNames.NumberOf(kv.Key))}";
            }

            memory.Commit();
            _boundaries[^1] = memory.OpenView();
            return what;
        }

        public void Commit()
        {
            ThrowIfUnreadable();
            memory.Commit();
            _boundaries.Add(memory.OpenView());
            if (_boundaries.Count > MostInMemory)
            {
                _boundaries.RemoveRange(0, 1 + random.Below(MostInMemory));
            }
        }

        public IEngineView OpenView()
        {
            ThrowIfUnreadable();
            return memory.OpenView();
        }

        public IEngineView OpenWriterView()
        {
            ThrowIfUnreadable();
            return memory.OpenWriterView();
        }

        public void Defragment() => memory.Defragment();

        public void Flush() => _boundaries.RemoveRange(0, _boundaries.Count - 1);

        public void Dispose()
        {
            // A process that ends in a hurry flushes nothing; and what is left of it is chosen by ProcessEnded.
        }

        public Engine Survivor()
        {
            int kept = random.Below(4) switch
            {
                0 => 0,
                1 => _boundaries.Count - 1,
                _ => random.Below(_boundaries.Count),
            };
            return new Engine(random, MemoryEngine.From(_boundaries[kept])) { IsUnreadable = IsUnreadable };
        }

        private void ThrowIfUnreadable()
        {
            if (IsUnreadable)
            {
                const string Reason = "a file of the state cannot be read";
                Damaged?.Invoke(Reason);
                throw new StateDamagedException(Reason);
            }
        }
    }
}
