using System.Runtime.InteropServices;

namespace Veche.Store.Engine.Rocks;

/// <summary>What RocksDB says when something failed.</summary>
internal static unsafe class RocksError
{
    /// <summary>Takes the message, which RocksDB allocated, and gives its memory back; null when there is none.</summary>
    public static string? Take(byte* error)
    {
        if (error is null)
        {
            return null;
        }

        string message = Marshal.PtrToStringUTF8((nint)error) ?? string.Empty;
        RocksNative.Free(error);
        return message;
    }
}
