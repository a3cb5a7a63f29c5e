namespace Veche.Checking.Models;

/// <summary>What a recorded history is a history of.</summary>
public enum HistoryModel
{
    /// <summary>A value under each key that is read and written.</summary>
    Register,

    /// <summary>The same, with compare-and-set.</summary>
    CasRegister,

    /// <summary>A text under each key that is read, set and appended to; an absent key reads null or the empty text.</summary>
    KeyValue,

    /// <summary>A list under each key that transactions read and append to; judged for strict serializability.</summary>
    ListAppend,
}
