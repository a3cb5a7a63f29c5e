using Veche.Store.Integrity;

namespace Veche.Store.Engine;

/// <summary>Ordered bytes to bytes, in batches, with views that do not change. One writer; readers beside it.</summary>
internal interface IKeyValueEngine : IDisposable
{
    /// <summary>True when it survives the process.</summary>
    bool IsDurable { get; }

    /// <summary>Bytes it takes, roughly.</summary>
    long SizeBytes { get; }

    /// <summary>Bytes of memory that what was committed since the last flush takes, roughly; 0 where a flush gives none back.</summary>
    long UnflushedBytes => 0;

    /// <summary>A batch to fill. Reused: only one at a time.</summary>
    EngineBatch Batch { get; }

    /// <summary>Told, from any thread, when what is kept turns out to be damaged. Default nobody.</summary>
    Action<string>? Damaged { get; set; }

    /// <summary>Does everything in the batch at once, and empties it.</summary>
    void Commit();

    /// <summary>The state as it is now, until the view is disposed.</summary>
    IEngineView OpenView();

    /// <summary>The state as it is now for the one who writes: only on the writer's thread, and only until the next <see cref="Commit"/>. Costs no more than it must.</summary>
    IEngineView OpenWriterView();

    /// <summary>Gives room that is no longer used back to the disk. May take long; reading and writing go on beside it.</summary>
    void Defragment();

    /// <summary>Makes everything committed before the call survive a crash.</summary>
    void Flush();
}

/// <summary>Writes to be done together.</summary>
internal abstract class EngineBatch
{
    /// <summary>Gets everything that is written while it is set. Default null.</summary>
    public AppliedHash? Hash { get; set; }

    public void Put(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
    {
        Hash?.Put(key, value);
        DoPut(key, value);
    }

    public void Delete(ReadOnlySpan<byte> key)
    {
        Hash?.Delete(key);
        DoDelete(key);
    }

    protected abstract void DoPut(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value);

    protected abstract void DoDelete(ReadOnlySpan<byte> key);
}

/// <summary>A state that does not change. Safe to use from several threads; each iterator from one.</summary>
internal interface IEngineView : IDisposable
{
    /// <summary>The value of a key, or null.</summary>
    byte[]? Get(ReadOnlySpan<byte> key);

    IEngineIterator OpenIterator();

    /// <summary>The same state for a walk over much of it: what is read through it pushes nothing out of the memory that others read from. One of the two is to be disposed.</summary>
    IEngineView ForLongWalk();
}

/// <summary>Walks over keys in the order of their bytes.</summary>
internal interface IEngineIterator : IDisposable
{
    bool IsValid { get; }

    /// <summary>Valid until the next move.</summary>
    ReadOnlySpan<byte> Key { get; }

    /// <summary>Valid until the next move.</summary>
    ReadOnlySpan<byte> Value { get; }

    /// <summary>To the first key that is not before this one.</summary>
    void Seek(ReadOnlySpan<byte> key);

    /// <summary>To the last key that is not after this one.</summary>
    void SeekForPrevious(ReadOnlySpan<byte> key);

    void Next();
}
