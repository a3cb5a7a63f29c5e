using Veche.Replica;
using Veche.Store;
using Veche.Store.Engine;

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
    public IKeyValueEngine OpenEngine() => _isDamaged ? throw new StateDamagedException("the state was found to be damaged before the restart") : _current;

    /// <inheritdoc/>
    public (IKeyValueEngine Engine, Action MakeCurrent) CreateSuccessor()
    {
        var next = new Engine(random, new MemoryEngine());
        return (next, () =>
        {
            _current = next;
            _isDamaged = false;
        });
    }

    /// <inheritdoc/>
    public bool AwaitsState => false;

    /// <inheritdoc/>
    public void MarkDamaged() => _isDamaged = true;

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

        public void Commit()
        {
            memory.Commit();
            _boundaries.Add(memory.OpenView());
            if (_boundaries.Count > MostInMemory)
            {
                _boundaries.RemoveRange(0, 1 + random.Below(MostInMemory));
            }
        }

        public IEngineView OpenView() => memory.OpenView();

        public IEngineView OpenWriterView() => memory.OpenWriterView();

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
            return new Engine(random, MemoryEngine.From(_boundaries[kept]));
        }
    }
}
