using System.Security.Cryptography;
using Veche.Store.Bolt;

namespace Veche.Store.Backups;

/// <summary>A backup file, Veche's or etcd's: a bbolt database, and behind it, when it came as a snapshot, the SHA-256 of it.</summary>
public sealed class BackupFile
{
    private const int HashBytes = 32;

    /// <summary>A database has whole sectors, so what is over must be the hash. etcd tells it in the same way.</summary>
    private const int SectorBytes = 512;

    private BackupFile(Stream file, long length, bool hasHash)
    {
        Database = new BoltFileReader(file, length);
        DatabaseBytes = length;
        HasHash = hasHash;
    }

    /// <summary>Length of the database, without the hash.</summary>
    public long DatabaseBytes { get; }

    /// <summary>True when the file has a hash; it was right, unless it was not to be looked at.</summary>
    public bool HasHash { get; }

    internal BoltFileReader Database { get; }

    /// <summary>Opens a backup, and checks it as a whole.</summary>
    /// <param name="file">Can be read and sought.</param>
    /// <param name="checkHash">False for files that were copied out of a data directory, or that nothing better is left of.</param>
    /// <exception cref="InvalidDataException">It is none, is damaged, or has no hash though it should.</exception>
    public static BackupFile Open(Stream file, bool checkHash)
    {
        bool hasHash = file.Length % SectorBytes == HashBytes;
        long length = hasHash ? file.Length - HashBytes : file.Length;
        if (checkHash)
        {
            if (!hasHash)
            {
                throw new InvalidDataException("the snapshot has no hash, as if it was copied out of a data directory; --skip-hash-check takes it all the same");
            }

            CheckHash(file, length);
        }

        return new BackupFile(file, length, hasHash);
    }

    /// <summary>What etcd's tools say of a snapshot. Goes through all of it.</summary>
    /// <exception cref="InvalidDataException">It is damaged.</exception>
    public BackupSummary Summarize()
    {
        uint crc = Crc32C.Begin;
        long revision = 0;
        long keys = 0;
        foreach (string bucket in Database.Buckets)
        {
            crc = Crc32C.Add(crc, System.Text.Encoding.UTF8.GetBytes(bucket));
            Database.ForEach(bucket, (key, value) =>
            {
                crc = Crc32C.Add(Crc32C.Add(crc, key), value);
                keys++;
                if (bucket == EtcdBuckets.Keys)
                {
                    revision = BackupImport.ReadRevision(key, out _).Main;
                }
            });
        }

        return new BackupSummary(Crc32C.Finish(crc), revision, keys, DatabaseBytes);
    }

    private static void CheckHash(Stream file, long length)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        byte[] buffer = new byte[64 << 10];
        file.Position = 0;
        for (long left = length; left > 0;)
        {
            int read = file.Read(buffer, 0, (int)Math.Min(left, buffer.Length));
            if (read == 0)
            {
                throw new InvalidDataException("the snapshot is damaged: it ends too early");
            }

            hash.AppendData(buffer, 0, read);
            left -= read;
        }

        byte[] expected = new byte[HashBytes];
        file.ReadExactly(expected);
        if (!hash.GetHashAndReset().AsSpan().SequenceEqual(expected))
        {
            throw new InvalidDataException("the snapshot is damaged: its hash is wrong");
        }
    }
}

/// <summary>A backup at a glance.</summary>
/// <param name="Hash">etcd's hash over everything in it.</param>
/// <param name="Revision">Of the last change in it.</param>
/// <param name="TotalKeys">Pairs in it, history and housekeeping too.</param>
/// <param name="TotalBytes">Length of the database.</param>
public sealed record BackupSummary(uint Hash, long Revision, long TotalKeys, long TotalBytes);
