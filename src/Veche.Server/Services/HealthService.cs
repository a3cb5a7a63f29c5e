using Grpc.Core;
using Grpc.Health.V1;

namespace Veche.Server.Services;

/// <summary>grpc.health.v1: the member as a whole (service "") serves while it knows a leader.</summary>
internal sealed class HealthService(MemberContext member) : Health.HealthBase
{
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(1);

    public override Task<HealthCheckResponse> Check(HealthCheckRequest request, ServerCallContext context) => request.Service.Length == 0
        ? Task.FromResult(new HealthCheckResponse { Status = Now() })
        : throw new RpcException(new Status(StatusCode.NotFound, "unknown service"));

    public override async Task Watch(HealthCheckRequest request, IServerStreamWriter<HealthCheckResponse> responseStream, ServerCallContext context)
    {
        HealthCheckResponse.Types.ServingStatus? told = null;
        while (true)
        {
            HealthCheckResponse.Types.ServingStatus now = request.Service.Length == 0 ? Now() : HealthCheckResponse.Types.ServingStatus.ServiceUnknown;
            if (now != told)
            {
                told = now;
                await responseStream.WriteAsync(new HealthCheckResponse { Status = now }, context.CancellationToken).ConfigureAwait(false);
            }

            await Task.Delay(LookEvery, context.CancellationToken).ConfigureAwait(false);
        }
    }

    private HealthCheckResponse.Types.ServingStatus Now() => member.Host.Status.Leader.IsNone || member.Guard.Reason is not null
        ? HealthCheckResponse.Types.ServingStatus.NotServing
        : HealthCheckResponse.Types.ServingStatus.Serving;
}
