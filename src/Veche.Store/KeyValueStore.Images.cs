using System.Buffers.Binary;
using System.IO.Hashing;
using Veche.Raft;
using Veche.Replica;
using Veche.Store.Auth;
using Veche.Store.Engine;

namespace Veche.Store;

/// <summary>The whole state as a stream, and back.</summary>
public sealed partial class KeyValueStore
{
    private const int MaxPairBytes = 256 << 20;
    private const int PairsPerCommit = 1024;

    private static ReadOnlySpan<byte> ImageMagic => "vechekv1"u8;

    /// <inheritdoc/>
    public IStateImage Capture()
    {
        lock (_stateLock)
        {
            return new Image(_engine.OpenView().ForLongWalk(), _meta.Applied);
        }
    }

    /// <inheritdoc/>
    public bool IsForWitnesses(ReadOnlyMemory<byte> command) => WitnessCommands.Include(command.Span);

    /// <inheritdoc/>
    public IStateImage CaptureForWitness()
    {
        lock (_stateLock)
        {
            return new WitnessImage(_engine.OpenView().ForLongWalk(), _meta.Applied);
        }
    }

    /// <inheritdoc/>
    public void Restore(Stream image, LogPosition applied)
    {
        (IKeyValueEngine next, Action makeCurrent) = _home.CreateSuccessor();
        Meta meta;
        try
        {
            ReadImage(image, next);
            using IEngineView view = next.OpenView();
            meta = Counted(Meta.Decode(view.Get([Mvcc.KeyLayout.Meta]) ?? throw new InvalidDataException("the image has no record of what it is")), view);
            if (meta.Applied != applied)
            {
                throw new InvalidDataException($"the image stands at {meta.Applied}, not at {applied}");
            }
        }
        catch
        {
            next.Dispose();
            throw;
        }

        Watch(next);
        next.Flush();
        makeCurrent();
        AuthView auth = ReadAuth(next);
        IKeyValueEngine old;
        lock (_stateLock)
        {
            old = _engine;
            _engine = next;
            _meta = meta;
            _durableIndex = next.IsDurable ? meta.Applied.Index : 0;
            _state = new State(next, meta.Revision, meta.CompactRevision, meta.DataBytes, meta.Keys, meta.Applied.Index);
            _writer = null;
            _auth = auth;
            _authWriter = null;
            AdoptHash(meta);
            _reclaimFrom = [Mvcc.KeyLayout.Index];
        }

        _retired.Add(old);
        LoadLeases();
        LoadMembers();
        LoadAlarms();
        LoadDowngrade();
        LoadSessions();
        StateReplaced?.Invoke();
        MembersChanged?.Invoke();
        Advanced?.Invoke();
        EventSink?.Reset();
        AuthObserver?.Reset();
        LeaseObserver?.Reset(Leases(), applied.Term);
        Reclaimed?.Invoke(meta.ReclaimedRevision);
    }

    /// <summary>Engines that were replaced; readers may still hold views of them.</summary>
    private readonly List<IKeyValueEngine> _retired = [];

    private static void ReadImage(Stream image, IKeyValueEngine into)
    {
        var hash = new XxHash3();
        byte[] magic = new byte[ImageMagic.Length];
        image.ReadExactly(magic);
        if (!magic.AsSpan().SequenceEqual(ImageMagic))
        {
            throw new InvalidDataException("this is no image of a store, or one of a later version");
        }

        byte[] lengths = new byte[8];
        byte[] pair = new byte[4096];
        for (int count = 1; ; count++)
        {
            image.ReadExactly(lengths);
            int keyLength = BinaryPrimitives.ReadInt32LittleEndian(lengths);
            int valueLength = BinaryPrimitives.ReadInt32LittleEndian(lengths.AsSpan(4));
            if (keyLength < 0 || valueLength < 0 || (long)keyLength + valueLength > MaxPairBytes)
            {
                throw new InvalidDataException("the image is damaged");
            }

            hash.Append(lengths);
            if (keyLength == 0)
            {
                break;
            }

            if (pair.Length < keyLength + valueLength)
            {
                pair = new byte[keyLength + valueLength];
            }

            Span<byte> bytes = pair.AsSpan(0, keyLength + valueLength);
            image.ReadExactly(bytes);
            hash.Append(bytes);
            into.Batch.Put(bytes[..keyLength], bytes[keyLength..]);
            if (count % PairsPerCommit == 0)
            {
                into.Commit();
            }
        }

        into.Commit();
        byte[] expected = new byte[8];
        image.ReadExactly(expected);
        if (BinaryPrimitives.ReadUInt64LittleEndian(expected) != hash.GetCurrentHashAsUInt64())
        {
            throw new InvalidDataException("the image is damaged: its checksum is wrong");
        }
    }

    private sealed class Image(IEngineView view, LogPosition applied) : IStateImage
    {
        public LogPosition Applied => applied;

        public void WriteTo(Stream destination)
        {
            var pairs = new PairWriter(destination);
            using IEngineIterator iterator = view.OpenIterator();
            for (iterator.Seek([0]); iterator.IsValid; iterator.Next())
            {
                pairs.Write(iterator.Key, iterator.Value);
            }

            pairs.End();
        }

        public void Dispose() => view.Dispose();
    }

    /// <summary>Who the members are and who was removed, of a store that has never held a key. A list of what there is, so that what is added to the store later is left out.</summary>
    private sealed class WitnessImage(IEngineView view, LogPosition applied) : IStateImage
    {
        public LogPosition Applied => applied;

        public void WriteTo(Stream destination)
        {
            var pairs = new PairWriter(destination);
            byte[] meta = new byte[Meta.Length];
            new Meta(applied, FirstRevision, 0, 0, 0, 0, 0, 0).Encode(meta);
            pairs.Write([Mvcc.KeyLayout.Meta], meta);
            using IEngineIterator iterator = view.OpenIterator();
            foreach (byte kind in (ReadOnlySpan<byte>)[Mvcc.KeyLayout.Member, Mvcc.KeyLayout.Removed])
            {
                for (iterator.Seek([kind]); iterator.IsValid && iterator.Key[0] == kind; iterator.Next())
                {
                    pairs.Write(iterator.Key, iterator.Value);
                }
            }

            pairs.End();
        }

        public void Dispose() => view.Dispose();
    }

    /// <summary>Writes an image: pairs with their lengths before them, then lengths of nothing and a hash of all that.</summary>
    private readonly struct PairWriter
    {
        private readonly Stream _destination;
        private readonly XxHash3 _hash = new();
        private readonly byte[] _lengths = new byte[8];

        public PairWriter(Stream destination)
        {
            _destination = destination;
            destination.Write(ImageMagic);
        }

        public void Write(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
        {
            BinaryPrimitives.WriteInt32LittleEndian(_lengths, key.Length);
            BinaryPrimitives.WriteInt32LittleEndian(_lengths.AsSpan(4), value.Length);
            Append(_lengths);
            Append(key);
            Append(value);
        }

        public void End()
        {
            _lengths.AsSpan().Clear();
            Append(_lengths);
            BinaryPrimitives.WriteUInt64LittleEndian(_lengths, _hash.GetCurrentHashAsUInt64());
            _destination.Write(_lengths);
        }

        private void Append(ReadOnlySpan<byte> bytes)
        {
            _destination.Write(bytes);
            _hash.Append(bytes);
        }
    }
}
