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
        MembersChanged?.Invoke();
        Advanced?.Invoke();
        EventSink?.Reset();
        AuthObserver?.Reset();
        LeaseObserver?.Reset(Leases());
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
            var hash = new XxHash3();
            destination.Write(ImageMagic);
            byte[] lengths = new byte[8];
            using IEngineIterator iterator = view.OpenIterator();
            for (iterator.Seek([0]); iterator.IsValid; iterator.Next())
            {
                BinaryPrimitives.WriteInt32LittleEndian(lengths, iterator.Key.Length);
                BinaryPrimitives.WriteInt32LittleEndian(lengths.AsSpan(4), iterator.Value.Length);
                Write(destination, hash, lengths);
                Write(destination, hash, iterator.Key);
                Write(destination, hash, iterator.Value);
            }

            lengths.AsSpan().Clear();
            Write(destination, hash, lengths);
            BinaryPrimitives.WriteUInt64LittleEndian(lengths, hash.GetCurrentHashAsUInt64());
            destination.Write(lengths);
        }

        public void Dispose() => view.Dispose();

        private static void Write(Stream destination, XxHash3 hash, ReadOnlySpan<byte> bytes)
        {
            destination.Write(bytes);
            hash.Append(bytes);
        }
    }
}
