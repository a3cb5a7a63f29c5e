namespace Veche.Log;

/// <summary>A log cannot be opened as it is. The message says why, and what to do.</summary>
public class LogOpenException(string message) : IOException(message);

/// <summary>The files belong to another member or cluster.</summary>
public sealed class WrongIdentityException(string message) : LogOpenException(message);

/// <summary>The files were written by a later version, in a format this one does not know.</summary>
public sealed class NewerFormatException(string message) : LogOpenException(message);

/// <summary>Another process has the files open.</summary>
public sealed class DirectoryInUseException(string message) : LogOpenException(message);

/// <summary>
/// Something that was durable is damaged. What it said is not known, so the member must neither vote nor acknowledge as if its log
/// simply ended there.
/// </summary>
/// <param name="finding">What is damaged.</param>
/// <param name="advice">What to do when nobody can repair it.</param>
public sealed class LogDamagedException(string finding, string advice) : LogOpenException($"{finding} {advice}")
{
    /// <summary>What is damaged, without what to do.</summary>
    public string Finding => finding;
}

/// <summary>There is no room for another segment. Nothing of the refused write is in the log.</summary>
public sealed class LogFullException(string message) : IOException(message);

/// <summary>A write or sync failed earlier. What is on the disk is not known, so nothing is written any more.</summary>
public sealed class LogFailedException(string message, Exception inner) : IOException(message, inner);
