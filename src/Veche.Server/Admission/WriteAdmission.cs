namespace Veche.Server.Admission;

/// <summary>
/// Says no early. A write that would wait longer than the bound, at the rate at which writes are completed, is refused before it costs anything: whoever is let
/// in is answered in about that time, and whoever is refused knows it at once and that nothing happened. Where more than half of the room is taken, nobody gets
/// more than an equal share of it, so that one client with much to do does not crowd out the others. Reads and lease keep-alives do not pass here at all.
/// Safe to use from any thread; a write costs a few interlocked adds, and no lock.
/// </summary>
/// <param name="delayBoundMs">Longest expected wait, in milliseconds; 0 refuses nothing.</param>
internal sealed class WriteAdmission(int delayBoundMs)
{
    /// <summary>So many are let in before anything is known of how fast the cluster is, and in an election, which passes sooner than clients could try again.</summary>
    public const int LeastRoom = 2048;

    /// <summary>So many are let in where those before them wait longer than the bound, however slow the cluster is.</summary>
    public const int LeastRoomBehind = 64;

    /// <summary>A client may have so many under way, however many the others have, until half as many again as there is room for are there.</summary>
    public const int LeastShare = 16;

    /// <summary>Most bytes of requests under way.</summary>
    public const long MostBytes = 256L << 20;

    private const long MostRoom = 1 << 20;
    private const long RenewedEveryMs = 100;

    /// <summary>Where writes wait, the last seconds say how fast the cluster is now; in others they say how little was asked of it.</summary>
    private const int SecondsBehind = 3;

    private readonly Backlog _backlog = new(delayBoundMs);
    private readonly CompletionRate _rate = new();
    private long _underWay;
    private long _bytes;
    private long _clients;
    private long _room = LeastRoom;
    private long _renewedAtMs;
    private long _refusedForRoom;
    private long _refusedForShare;

    /// <summary>Writes under way.</summary>
    public long UnderWay => Volatile.Read(ref _underWay);

    /// <summary>How many may be.</summary>
    public long Room => Volatile.Read(ref _room);

    /// <summary>Clients that have something under way.</summary>
    public long Clients => Volatile.Read(ref _clients);

    /// <summary>Refused because all of the room was taken.</summary>
    public long RefusedForRoom => Interlocked.Read(ref _refusedForRoom);

    /// <summary>Refused because the client had its share.</summary>
    public long RefusedForShare => Interlocked.Read(ref _refusedForShare);

    /// <summary>Lets a write in, or does not. One that was let in must <see cref="Leave"/>.</summary>
    /// <param name="client">Whose it is.</param>
    /// <param name="bytes">How large it is.</param>
    /// <param name="nowMs">By a clock that does not jump, in milliseconds.</param>
    public bool TryEnter(ClientShare client, long bytes, long nowMs)
    {
        Renew(nowMs);
        long underWay = Interlocked.Increment(ref _underWay);
        long allBytes = Interlocked.Add(ref _bytes, bytes);
        int own = client.Begin();
        if (own == 1)
        {
            Interlocked.Increment(ref _clients);
        }

        if (delayBoundMs == 0)
        {
            return true;
        }

        long room = Room;
        if (IsFull(underWay, own, room) || (allBytes > MostBytes && underWay > 1))
        {
            Interlocked.Increment(ref _refusedForRoom);
        }
        else if ((underWay > room / 2 || allBytes > MostBytes / 2) && own > ShareOf(room))
        {
            Interlocked.Increment(ref _refusedForShare);
        }
        else
        {
            return true;
        }

        End(client, bytes);
        return false;
    }

    /// <summary>Refuses a write that <see cref="TryEnter"/> would refuse now, before anybody has looked at it.</summary>
    /// <param name="client">Whose it is.</param>
    /// <param name="nowMs">By a clock that does not jump, in milliseconds.</param>
    public bool RefusesAtOnce(ClientShare client, long nowMs)
    {
        Renew(nowMs);
        long room = Room;
        long underWay = UnderWay;
        if (delayBoundMs == 0 || underWay < room / 2)
        {
            return false;
        }

        int own = client.UnderWay;
        if (IsFull(underWay + 1, own + 1, room))
        {
            Interlocked.Increment(ref _refusedForRoom);
            return true;
        }

        if (own >= ShareOf(room))
        {
            Interlocked.Increment(ref _refusedForShare);
            return true;
        }

        return false;
    }

    /// <summary>A write that was let in has ended.</summary>
    /// <param name="client">Whose it was.</param>
    /// <param name="bytes">How large it was.</param>
    /// <param name="isCompleted">It was answered; otherwise it says nothing about how fast the cluster is.</param>
    /// <param name="beganMs">When it was let in.</param>
    /// <param name="nowMs">By a clock that does not jump, in milliseconds.</param>
    public void Leave(ClientShare client, long bytes, bool isCompleted, long beganMs, long nowMs)
    {
        if (isCompleted)
        {
            _rate.Completed(nowMs);
            _backlog.Completed(nowMs - beganMs, nowMs);
        }

        End(client, bytes);
    }

    /// <summary>Who has few under way finds room beyond the room: those who were there before have shared it among themselves.</summary>
    private static bool IsFull(long underWay, int own, long room) => underWay > (own > LeastShare ? room : room + (room / 2));

    private long ShareOf(long room) => Math.Max(LeastShare, room / Math.Max(1, Clients));

    private void End(ClientShare client, long bytes)
    {
        Interlocked.Decrement(ref _underWay);
        Interlocked.Add(ref _bytes, -bytes);
        if (client.End() == 0)
        {
            Interlocked.Decrement(ref _clients);
        }
    }

    private void Renew(long nowMs)
    {
        long renewed = Volatile.Read(ref _renewedAtMs);
        if (nowMs - renewed >= RenewedEveryMs && Interlocked.CompareExchange(ref _renewedAtMs, nowMs, renewed) == renewed)
        {
            // By Little's law: so many under way wait for the bound, at this rate.
            bool isBehind = _backlog.IsThere;
            long rate = _rate.Best(nowMs, isBehind ? SecondsBehind : CompletionRate.Window);
            Volatile.Write(ref _room, Math.Clamp(rate * delayBoundMs / 1000, isBehind ? LeastRoomBehind : LeastRoom, MostRoom));
        }
    }
}
