using Veche.Api;
using Veche.Api.Commands;
using Veche.Store;

namespace Veche.Server;

/// <summary>Refuses what would bring the data over its quota before it gets into the log, and raises the alarm for it.</summary>
internal sealed class QuotaGuard(MemberContext member)
{
    /// <summary>Used for a quota of 0, as etcd has it.</summary>
    public const long DefaultQuotaBytes = 2L << 30;

    /// <summary>Most bytes of data; <see cref="long.MaxValue"/> without a quota.</summary>
    public long QuotaBytes { get; } = member.Options.QuotaBackendBytes switch
    {
        0 => DefaultQuotaBytes,
        < 0 => long.MaxValue,
        long bytes => bytes,
    };

    /// <summary>Checks a command; returns when there is room for it.</summary>
    /// <exception cref="Grpc.Core.RpcException">There is none.</exception>
    public async ValueTask CheckAsync(Command command, CancellationToken cancellationToken)
    {
        long cost = RequestCost.Of(command);
        if (cost == 0 || member.Store.DataBytes + cost < QuotaBytes)
        {
            return;
        }

        ulong self = member.Identity.Self.Value;
        if (!member.Store.Alarms.Any(alarm => alarm.Alarm == AlarmType.Nospace && alarm.MemberID == self))
        {
            var raise = new AlarmRequest { Action = AlarmRequest.Types.AlarmAction.Activate, Alarm = AlarmType.Nospace, MemberID = self };
            await member.ProposeAsync<AlarmResponse>(new Command { Alarm = raise, Caller = new Caller { IsMember = true } }, cancellationToken).ConfigureAwait(false);
        }

        throw Errors.Of(StoreErrors.NoSpace);
    }
}
