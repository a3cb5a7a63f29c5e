using Grpc.Core;

namespace Veche.Server.Services;

/// <summary>For clients that ask for it: ends a stream when this member has known no leader for three election timeouts, as etcd does.</summary>
internal sealed class LeaderWatch : IDisposable
{
    private const int Patience = 3;
    private readonly MemberContext _member;
    private readonly CancellationTokenSource _stream;
    private readonly Timer? _timer;
    private int _without;
    private volatile bool _lost;

    public LeaderWatch(MemberContext member, ServerCallContext context, CancellationTokenSource stream)
    {
        _member = member;
        _stream = stream;
        if (context.RequestHeaders.GetValue("hasleader") == "true")
        {
            if (member.Host.Status.Leader.IsNone)
            {
                throw Errors.NoLeader();
            }

            int interval = member.Options.ElectionTimeoutMs;
            _timer = new Timer(_ => Look(), null, interval, interval);
        }
    }

    public void ThrowIfLost()
    {
        if (_lost)
        {
            throw Errors.NoLeader();
        }
    }

    public void Dispose() => _timer?.Dispose();

    private void Look()
    {
        _without = _member.Host.Status.Leader.IsNone ? _without + 1 : 0;
        if (_without >= Patience && !_lost)
        {
            _lost = true;
            try
            {
                _stream.Cancel();
            }
            catch (ObjectDisposedException)
            {
                // The stream ended in this very moment.
                _lost = false;
            }
        }
    }
}
