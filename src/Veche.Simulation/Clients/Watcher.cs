using Google.Protobuf;
using Veche.Api;
using Veche.Checking.Watching;
using Veche.Simulation.Members;
using Member = Veche.Simulation.Members.Member;
using Veche.Store.Watching;

namespace Veche.Simulation.Clients;

/// <summary>
/// A client that watches: from the past or from now, one key or all, and from where it was when its member fails it. Everything it is told is
/// kept, and judged in the end. It has chance and delays of its own, so that a world does the same with and without it.
/// </summary>
internal sealed class Watcher
{
    private const long GivesUpNs = 1_500_000_000;

    private readonly World _world;
    private readonly SimulationRandom _random;
    private readonly int _number;
    private readonly int _key;
    private readonly bool _noPut;
    private readonly bool _noDelete;
    private readonly bool _wantsPrevious;
    private readonly bool _isSlow;
    private readonly Credentials _credentials;
    private readonly List<WatchRecord> _finished = [];

    /// <summary>Why each connection is to be refused, of those that are.</summary>
    private readonly Dictionary<int, string> _refusals = [];
    private List<WatchedResponse> _responses = [];
    private long _start;
    private long _next;
    private long _heardNs;
    private int _attempt;

    public Watcher(World world, int number)
    {
        _world = world;
        _number = number;
        _random = new SimulationRandom(world.Plan.Seed ^ (0x3A7C_0000UL + (ulong)number));
        _key = _random.Chance(0.5) ? -1 : _random.Below(world.Keys);
        _noPut = _random.Chance(0.15);
        _noDelete = !_noPut && _random.Chance(0.15);
        _wantsPrevious = _random.Chance(0.3);
        _isSlow = _random.Chance(0.3);
        _start = _next = 2;
        _credentials = new Credentials(world, 0x3A7C_11E4_0000UL + (ulong)number);
    }

    /// <summary>The members it may ask, and then stays with; null for all.</summary>
    public IReadOnlyList<Member>? Targets { get; set; }

    public void Begin() => _world.Later(_random.Below(3_000_000_000L), Connect);

    /// <summary>Everything it asked for and was told.</summary>
    /// <param name="through">The revision up to which it should know everything by now.</param>
    public IEnumerable<WatchRecord> Records(long through) => [.. _finished, Record(through)];

    /// <summary>Starts over at another member, from where it was.</summary>
    public void Connect()
    {
        // Each connection is a watch of its own, that begins where the one before it ended: what a member says of how far it is holds for that member.
        if (_attempt > 0)
        {
            _finished.Add(Record(0));
        }

        _responses = [];
        _start = _next;
        int attempt = ++_attempt;
        _heardNs = _world.NowNs;
        IReadOnlyList<Member> targets = Targets ?? _world.Members;
        Member member = targets[_random.Below(targets.Count)];
        var request = new WatchCreateRequest { StartRevision = _next, PrevKv = _wantsPrevious, ProgressNotify = true };
        request.Key = _key < 0 ? ByteString.CopyFromUtf8("k") : KeyNames.Bytes(_key);
        if (_key < 0)
        {
            request.RangeEnd = KeyNames.End;
        }

        if (_noPut)
        {
            request.Filters.Add(WatchCreateRequest.Types.FilterType.Noput);
        }

        if (_noDelete)
        {
            request.Filters.Add(WatchCreateRequest.Types.FilterType.Nodelete);
        }

        _world.Later(Delay(), () =>
        {
            if (member is { State: MemberState.Up, IsWitness: false, IsBelieved: true })
            {
                Open(member, request, attempt);
            }
        });
        _world.Later(GivesUpNs + _random.Exponential(1_000_000_000), () => LookAround(attempt));
    }

    private void Open(Member member, WatchCreateRequest request, int attempt)
    {
        int incarnation = member.Incarnation;
        int life = member.StateLife;
        long lastArrivalNs = 0;
        WatchStream? stream = null;
        bool isScheduled = false;
        void Wake()
        {
            if (!isScheduled)
            {
                isScheduled = true;
                _world.Later(50_000 + (_isSlow && Targets is null ? _random.Exponential(200_000_000) : _random.Below(500_000L)), Pump);
            }
        }

        void Pump()
        {
            isScheduled = false;
            if (member.Incarnation != incarnation || !member.IsRunning || member.StateLife != life || _attempt != attempt)
            {
                stream!.Dispose();
                return;
            }

            if (member.State == MemberState.Paused)
            {
                Wake();
                return;
            }

            List<WatchResponse> responses = [];
            if (stream!.Pump(responses))
            {
                Wake();
            }

            foreach (WatchResponse response in responses)
            {
                lastArrivalNs = Math.Max(lastArrivalNs + 1, _world.NowNs + Delay());
                _world.Later(lastArrivalNs - _world.NowNs, () => Take(response, attempt));
            }
        }

        stream = member.Hub.OpenStream(Wake, 1 << 20);
        if (_random.Chance(0.5))
        {
            // One that keeps little loses it when its client is slow, and has to read the history, in small steps.
            stream.MaxQueuedEvents = _random.Below(5);
            stream.HistoryEventsPerPump = _random.Between(1, 10);
        }

        Create(stream, member, request, attempt);
        if (_random.Chance(0.5))
        {
            stream.RequestProgress();
        }
    }

    /// <summary>Judged when it is created, and not again; in the end, somebody watches who may see everything.</summary>
    private void Create(WatchStream stream, Member member, WatchCreateRequest request, int attempt)
    {
        Identity? who = Targets is null ? _credentials.Next() : Identity.Root;
        Api.Commands.Caller? caller = who?.RecognisedBy(member.Store.Auth);
        _refusals.Remove(attempt);
        if (_world.Model.WhyUnwatched(caller, request, member.Store.AppliedIndex) is { } why)
        {
            _refusals.Add(attempt, why);
        }

        stream.Create(request, caller);
    }

    private void TakeCreated(WatchResponse response, int attempt)
    {
        string? why = _refusals.GetValueOrDefault(attempt);
        if (response.Canceled != (why is not null) || (why is not null && !response.CancelReason.EndsWith(why, StringComparison.Ordinal)))
        {
            throw new ViolationException(why is null ? "a watch was refused without reason" : "a watch was opened for somebody who may not see it", $"watcher {_number}: {response}; it should be {why ?? "opened"}");
        }

        if (why is not null)
        {
            _world.Count("watches refused to who may not see them");
            _credentials.LogIn();
        }
    }

    private void Take(WatchResponse response, int attempt)
    {
        if (_attempt != attempt)
        {
            // The connection was given up; what still comes through it is not read any more.
            return;
        }

        _heardNs = _world.NowNs;
        if (response.CompactRevision > 0)
        {
            // What it asks for is forgotten: it begins anew with what there is.
            _next = response.CompactRevision;
            Connect();
            return;
        }

        if (response.Created)
        {
            TakeCreated(response, attempt);
            return;
        }

        if (_refusals.ContainsKey(attempt))
        {
            // What is said of progress on a stream without a watch is about none.
            return;
        }

        _responses.Add(new WatchedResponse(response.Header.Revision, [.. response.Events.Select(ToWatched)]));
        _next = Math.Max(_next, response.Header.Revision + 1);

        _world.Count("watch responses");
    }

    private void LookAround(int attempt)
    {
        if (_attempt != attempt)
        {
            return;
        }

        if (Targets is null && (_world.NowNs - _heardNs > GivesUpNs || _random.Chance(0.1)))
        {
            _world.Count("watches resumed");
            Connect();
        }
        else
        {
            _world.Later(GivesUpNs, () => LookAround(attempt));
        }
    }

    private static WatchedEvent ToWatched(Event told)
    {
        bool isDelete = told.Type == Event.Types.EventType.Delete;
        return new WatchedEvent(told.Kv.ModRevision, KeyNames.Of(KeyNames.NumberOf(told.Kv.Key)), isDelete ? null : Text(ValueBytes.Read(told.Kv.Value)), !isDelete && told.Kv.CreateRevision == told.Kv.ModRevision)
        {
            Previous = told.PrevKv is null ? null : Text(ValueBytes.Read(told.PrevKv.Value)),
        };
    }

    public static string Text(long value) => value.ToString(System.Globalization.CultureInfo.InvariantCulture);

    private WatchRecord Record(long through) => new()
    {
        Name = $"watcher {_number}",
        Key = _key < 0 ? "k" : KeyNames.Of(_key),
        RangeEnd = _key < 0 ? "l" : null,
        StartRevision = _start,
        NoPut = _noPut,
        NoDelete = _noDelete,

        // As in etcd, an event at the very revision of a compaction has no previous value: that is compacted.
        HasPrevious = _wantsPrevious && !_responses.Exists(response => response.Events.Any(told => told.Previous is null && _world.Model.Compactions.Contains(told.Revision))),
        ExpectedThrough = through,
        Responses = _responses,
    };

    private long Delay() => (_world.Plan.Network.MinDelayUs + _random.Exponential(_world.Plan.Network.MeanDelayUs)) * 1000;
}
