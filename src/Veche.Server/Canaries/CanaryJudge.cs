using System.Globalization;
using Google.Protobuf;
using Veche.Api;

namespace Veche.Server.Canaries;

/// <summary>What reading a canary back has shown.</summary>
internal enum CanaryFinding
{
    /// <summary>What was written is what is there.</summary>
    Whole,

    /// <summary>This member's own state does not hold at the revision of an acknowledged write what was written there: nothing a client does can bring that about.</summary>
    Damage,

    /// <summary>Somebody else writes or deletes at that key. That says nothing about the data, and takes the canary's use away.</summary>
    Meddling,
}

/// <summary>Keeps what one member has written as its canary, and judges what it reads. Knows no clock and reads nothing itself.</summary>
/// <param name="cluster">The cluster's id.</param>
/// <param name="member">The member's.</param>
internal sealed class CanaryJudge(ulong cluster, ulong member)
{
    private long _number;
    private ByteString? _value;

    /// <summary>Which version of its key the last acknowledged write must be; null when that is not known.</summary>
    private long? _version;

    /// <summary>The revision of the last acknowledged write; 0 before the first.</summary>
    public long Revision { get; private set; }

    /// <summary>Goes on counting where the member's last canary ended, if one is there.</summary>
    public void Resume(KeyValue? found) => _number = Math.Max(_number, found is null ? 0 : Canary.NumberOf(found.Value, cluster, member) ?? 0);

    /// <summary>The next value to write.</summary>
    public ByteString Next(DateTimeOffset now)
    {
        _value = Canary.Make(cluster, member, ++_number, now);
        return _value;
    }

    /// <summary>The write was answered.</summary>
    public void Acknowledged(long revision)
    {
        // Also where it is then not read back, because no leader confirmed the read: the next one that is comes after it.
        Revision = revision;
        _version++;
    }

    /// <summary>Nobody knows whether the write happened, or will: the versions of the key say nothing until the next that is known.</summary>
    public void Unknown()
    {
        _version = null;
        Revision = 0;
    }

    /// <summary>It is known not to have happened.</summary>
    public void Refused() => Revision = 0;

    /// <summary>After an acknowledged write: what the state held at its revision, and what it holds now.</summary>
    public (CanaryFinding Finding, string About) Judge(KeyValue? then, KeyValue? now)
    {
        if (then is null || then.ModRevision != Revision || then.Value != _value)
        {
            return (CanaryFinding.Damage, string.Create(CultureInfo.InvariantCulture, $"canary {_number} was acknowledged at revision {Revision}, where {Described(then)}"));
        }

        long expected = _version ?? then.Version;
        _version = then.Version;
        if (now is null || now.ModRevision != Revision)
        {
            _version = null;
            return (CanaryFinding.Meddling, string.Create(CultureInfo.InvariantCulture, $"the key of canary {_number} was {(now is null ? "deleted" : $"written by somebody else at revision {now.ModRevision}")}"));
        }

        return then.Version == expected
            ? (CanaryFinding.Whole, string.Empty)
            : (CanaryFinding.Meddling, string.Create(CultureInfo.InvariantCulture, $"canary {_number} is version {then.Version} of its key and should be version {expected}: somebody else writes there, or a write was lost or done twice"));
    }

    private string Described(KeyValue? found) => found is null
        ? "there is nothing"
        : string.Create(CultureInfo.InvariantCulture, $"there is {(found.Value == _value ? "the right value" : "another value")} of revision {found.ModRevision}");
}
