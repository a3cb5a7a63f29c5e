using System.Buffers.Binary;
using Google.Protobuf;
using Veche.Api.Commands;
using Veche.Store.Engine;
using Veche.Store.Mvcc;

namespace Veche.Store.Sessions;

/// <summary>
/// Exactly once: a request that names its session and number runs the first time it is found in the log, and every later copy is answered with
/// the outcome of the first. The outcomes are part of the state, so they are the same on every member, at every place in the log, and go
/// with snapshots. Lives on the thread that applies; what it changes goes into the engine's batch with the effects of the request itself.
/// </summary>
internal sealed class SessionTable
{
    private readonly Dictionary<long, Session> _sessions = [];
    private readonly SortedSet<(long LastUsedIndex, long Id)> _byUse = [];

    /// <summary>How many there are.</summary>
    public int Count => _sessions.Count;

    /// <summary>What they take, with the outcomes they keep.</summary>
    public long Bytes { get; private set; }

    /// <summary>Reads what an engine holds, and forgets what was known before.</summary>
    public void Load(IEngineView view)
    {
        _sessions.Clear();
        _byUse.Clear();
        Bytes = 0;
        using IEngineIterator iterator = view.OpenIterator();
        for (iterator.Seek([KeyLayout.Session]); iterator.IsValid && iterator.Key[0] == KeyLayout.Session; iterator.Next())
        {
            Session session = Session.Decode(BinaryPrimitives.ReadInt64BigEndian(iterator.Key[1..]), iterator.Value);
            _sessions.Add(session.Id, session);
            _byUse.Add((session.LastUsedIndex, session.Id));
            Bytes += session.Bytes;
        }

        for (iterator.Seek([KeyLayout.Outcome]); iterator.IsValid && iterator.Key[0] == KeyLayout.Outcome; iterator.Next())
        {
            Session session = _sessions[BinaryPrimitives.ReadInt64BigEndian(iterator.Key[1..])];
            Remember(session, BinaryPrimitives.ReadInt64BigEndian(iterator.Key[9..]), SessionOutcome.Decode(iterator.Value));
        }
    }

    /// <summary>Opens, closes or settles. Null when it is done; else why not.</summary>
    public StoreError? Open(long id, string user, long index, EngineBatch batch)
    {
        if (id <= 0 || _sessions.ContainsKey(id))
        {
            return SessionErrors.Exists;
        }

        var session = new Session(id, user) { LastUsedIndex = index };
        _sessions.Add(id, session);
        _byUse.Add((index, id));
        Bytes += session.Bytes;
        batch.Put(KeyLayout.SessionKey(id), session.Encode());
        EvictBeyondLimits(batch);
        return null;
    }

    /// <summary>Forgets a session and what it kept.</summary>
    public StoreError? Close(long id, string? user, EngineBatch batch)
    {
        if (Find(id, user, out Session session) is { } error)
        {
            return error;
        }

        Drop(session, batch);
        return null;
    }

    /// <summary>What to answer instead of doing a request; null when it is to be done, and its outcome told to <see cref="Done"/>.</summary>
    /// <param name="command">A command with a session.</param>
    /// <param name="user">Who asks; null when nobody is asked for.</param>
    public object? Answer(Command command, string? user)
    {
        if (command.SessionSequence <= 0)
        {
            return SessionErrors.BadSequence;
        }

        if (command.SessionDigest.Length > SessionLimits.MaxDigestBytes)
        {
            return SessionErrors.BadDigest;
        }

        if (Find(command.SessionId, user, out Session session) is { } error)
        {
            return error;
        }

        if (session.Outcomes.TryGetValue(command.SessionSequence, out SessionOutcome? outcome))
        {
            // Who was settled before it came has no digest: whatever comes was not done.
            return outcome.Digest.Equals(command.SessionDigest) || outcome.Kind == SessionOutcome.AnswerKind.GivenUp ? outcome.ToAnswer() : SessionErrors.OtherRequest;
        }

        return command.SessionSequence <= session.ForgottenThrough ? SessionErrors.TooOld : null;
    }

    /// <summary>A request was done.</summary>
    public void Done(Command command, object answer, long index, EngineBatch batch) =>
        Keep(_sessions[command.SessionId], command.SessionSequence, SessionOutcome.Of(answer, index, command.SessionDigest), index, batch);

    /// <summary>The outcome of a request; where none is known, the request never happens from now on.</summary>
    /// <returns>The outcome, or a <see cref="StoreError"/>.</returns>
    public object Settle(long id, long sequence, string? user, long index, EngineBatch batch)
    {
        if (sequence <= 0)
        {
            return SessionErrors.BadSequence;
        }

        if (Find(id, user, out Session session) is { } error)
        {
            return error;
        }

        if (session.Outcomes.TryGetValue(sequence, out SessionOutcome? outcome))
        {
            return outcome;
        }

        if (sequence <= session.ForgottenThrough)
        {
            return SessionErrors.TooOld;
        }

        var givenUp = new SessionOutcome(SessionOutcome.AnswerKind.GivenUp, index, ByteString.Empty, []);
        Keep(session, sequence, givenUp, index, batch);
        return givenUp;
    }

    private StoreError? Find(long id, string? user, out Session session)
    {
        if (!_sessions.TryGetValue(id, out session!))
        {
            return SessionErrors.Unknown;
        }

        return user is null || user == session.User ? null : SessionErrors.NotYours;
    }

    private void Keep(Session session, long sequence, SessionOutcome outcome, long index, EngineBatch batch)
    {
        Remember(session, sequence, outcome);
        batch.Put(KeyLayout.OutcomeKey(session.Id, sequence), outcome.Encode());
        session.HighestSequence = Math.Max(session.HighestSequence, sequence);
        while (session.Outcomes.Count > 0 && session.Outcomes.First() is var (oldest, forgotten) && oldest <= session.ForgottenThrough)
        {
            session.Outcomes.Remove(oldest);
            session.Bytes -= forgotten.Bytes;
            Bytes -= forgotten.Bytes;
            batch.Delete(KeyLayout.OutcomeKey(session.Id, oldest));
        }

        _byUse.Remove((session.LastUsedIndex, session.Id));
        session.LastUsedIndex = index;
        _byUse.Add((index, session.Id));
        batch.Put(KeyLayout.SessionKey(session.Id), session.Encode());
        EvictBeyondLimits(batch);
    }

    private void Remember(Session session, long sequence, SessionOutcome outcome)
    {
        session.Outcomes.Add(sequence, outcome);
        session.Bytes += outcome.Bytes;
        Bytes += outcome.Bytes;
    }

    /// <summary>The one in use stays: it is the most recently used, and alone it is within every limit.</summary>
    private void EvictBeyondLimits(EngineBatch batch)
    {
        while (_sessions.Count > 1 && (_sessions.Count > SessionLimits.MaxSessions || Bytes > SessionLimits.MaxBytes))
        {
            Drop(_sessions[_byUse.Min.Id], batch);
        }
    }

    private void Drop(Session session, EngineBatch batch)
    {
        foreach (long sequence in session.Outcomes.Keys)
        {
            batch.Delete(KeyLayout.OutcomeKey(session.Id, sequence));
        }

        batch.Delete(KeyLayout.SessionKey(session.Id));
        _byUse.Remove((session.LastUsedIndex, session.Id));
        _sessions.Remove(session.Id);
        Bytes -= session.Bytes;
    }
}
