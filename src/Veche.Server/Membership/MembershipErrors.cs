using Grpc.Core;

namespace Veche.Server.Membership;

/// <summary>Why a change of the members is refused. The texts are etcd's: its clients compare them.</summary>
internal static class MembershipErrors
{
    public static readonly Status NotEnoughStarted = new(StatusCode.FailedPrecondition, "etcdserver: re-configuration failed due to not enough started members");
    public static readonly Status Unhealthy = new(StatusCode.Unavailable, "etcdserver: unhealthy cluster");
    public static readonly Status NotFound = new(StatusCode.NotFound, "etcdserver: member not found");
    public static readonly Status PeerUrlExists = new(StatusCode.FailedPrecondition, "etcdserver: Peer URLs already exists");
    public static readonly Status BadUrls = new(StatusCode.InvalidArgument, "etcdserver: given member URLs are invalid");
    public static readonly Status TooManyLearners = new(StatusCode.FailedPrecondition, "etcdserver: too many learner members in cluster");
    public static readonly Status NotLearner = new(StatusCode.FailedPrecondition, "etcdserver: can only promote a learner member");
    public static readonly Status LearnerNotReady = new(StatusCode.FailedPrecondition, "etcdserver: can only promote a learner member which is in sync with leader");
    public static readonly Status WitnessMayNot = new(StatusCode.Unavailable, "veche: this member is a witness: it votes, and holds no data. Ask another member");
    public static readonly Status LearnerMayNot = new(StatusCode.FailedPrecondition, "etcdserver: rpc not supported for learner");
}
