namespace Veche.Checking.Revisions;

/// <summary>The sequential specification, replayed once. The caller keeps requests and responses; operations are named by their index.</summary>
public interface IRevisionModel
{
    /// <summary>Applies a write to the state.</summary>
    /// <param name="operation">Its index.</param>
    /// <param name="isResponseKnown">Whether there is a response to compare.</param>
    /// <returns>Whether its response is the one that the state gives.</returns>
    bool TryWrite(int operation, bool isResponseKnown);

    /// <summary>Compares the response of a read with the state.</summary>
    /// <param name="operation">Its index.</param>
    bool Matches(int operation);

    /// <summary>The operation in words, for a message.</summary>
    /// <param name="operation">Its index.</param>
    string Describe(int operation);
}
