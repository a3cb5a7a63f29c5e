namespace Veche.Log;

/// <summary>What is found where a record should be.</summary>
internal enum Finding
{
    /// <summary>The record that follows.</summary>
    Good,

    /// <summary>Zeros: room that was never written.</summary>
    Blank,

    /// <summary>Anything else: a record that is cut, damaged, or in the wrong place.</summary>
    Bad,
}

/// <summary>What is found behind it.</summary>
internal enum Behind
{
    /// <summary>Nothing that is a whole record.</summary>
    Nothing,

    /// <summary>Whole records, all written before what is in front of them was known to be durable: the disk may have taken them out of order.</summary>
    SameBatch,

    /// <summary>A whole record that was written when what is in front of it was known to be durable.</summary>
    Later,
}

/// <summary>What to make of it.</summary>
internal enum Verdict
{
    /// <summary>Take the record and go on.</summary>
    Accept,

    /// <summary>The log ends here.</summary>
    End,

    /// <summary>A write was interrupted by a crash before it was durable: cut it off before anything new is written.</summary>
    CutTornTail,

    /// <summary>Something that was durable is gone: this log must not be used as if it ended here.</summary>
    Damaged,
}

/// <summary>The decision of recovery, as a table: every combination has a line.</summary>
internal static class RecoveryTable
{
    public static Verdict Judge(Finding finding, Behind behind) => (finding, behind) switch
    {
        (Finding.Good, Behind.Nothing) => Verdict.Accept,
        (Finding.Good, Behind.SameBatch) => Verdict.Accept,
        (Finding.Good, Behind.Later) => Verdict.Accept,
        (Finding.Blank, Behind.Nothing) => Verdict.End,
        (Finding.Blank, Behind.SameBatch) => Verdict.CutTornTail,
        (Finding.Blank, Behind.Later) => Verdict.Damaged,
        (Finding.Bad, Behind.Nothing) => Verdict.CutTornTail,
        (Finding.Bad, Behind.SameBatch) => Verdict.CutTornTail,
        (Finding.Bad, Behind.Later) => Verdict.Damaged,
        _ => throw new ArgumentOutOfRangeException(nameof(finding), (finding, behind), "The table has no such line."),
    };
}
