using Google.Protobuf;
using Grpc.Core;
using Microsoft.AspNetCore.Http;
using Veche.Api;
using Veche.Api.Commands;
using Veche.Server.Admission;
using Veche.Server.Http;
using Veche.Server.Tests.Auth;

namespace Veche.Server.Tests.Admission;

/// <summary>More writes than the member can do, none of which ends: the next one hears so at once, and what is no write goes on.</summary>
public sealed class FloodTests : IDisposable
{
    private const string Put = "/etcdserverpb.KV/Put";
    private const long Lease = 7;
    private static readonly byte[] Body = new byte[300];
    private static readonly (StatusCode, string) TooMany = (StatusCode.ResourceExhausted, "etcdserver: too many requests");

    private readonly LaggingMember _member = new();
    private readonly List<Task<PutResponse>> _flood = [];

    public FloodTests()
    {
        _member.Apply(new Command { LeaseGrant = new LeaseGrantRequest { ID = Lease, TTL = LaggingMember.TtlSeconds } });
        _member.Held = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        for (int i = 0; i < WriteAdmission.LeastRoom; i++)
        {
            _flood.Add(PutAsync());
        }
    }

    public void Dispose() => _member.Dispose();

    [Fact]
    public async Task The_next_write_is_refused_at_once()
    {
        Assert.All(_flood, static write => Assert.False(write.IsCompleted));
        Assert.Equal(TooMany, await LaggingMember.RefusedAsync(PutAsync));
    }

    [Fact]
    public async Task It_is_refused_before_it_is_read()
    {
        (HttpContext put, bool isServed) = await AskAsync(Put);

        Assert.False(isServed);
        Assert.Equal("application/grpc", put.Response.ContentType);
        Assert.Equal("8", put.Response.Headers["grpc-status"]);
        Assert.Equal("etcdserver: too many requests", put.Response.Headers["grpc-message"]);
        Assert.Equal(1, _member.Context.Admission.RefusedForRoom);

        // What comes behind its head has been taken: left where it is, it would close the connection for all the others on it.
        Assert.Equal(Body.Length, put.Request.Body.Position);
    }

    [Theory]
    [InlineData("/etcdserverpb.KV/Range")]
    [InlineData("/etcdserverpb.KV/Txn")]
    [InlineData("/etcdserverpb.Lease/LeaseKeepAlive")]
    public async Task What_may_be_no_write_is_looked_at(string method) => Assert.True((await AskAsync(method)).IsServed);

    [Fact]
    public async Task Where_there_are_users_they_are_known_first()
    {
        AuthCommand[] commands =
        [
            new() { UserAdd = new AuthUserAddRequest { Name = "root", HashedPassword = "aGFzaA==" } },
            new() { UserGrantRole = new AuthUserGrantRoleRequest { User = "root", Role = "root" } },
            new() { Enable = new AuthEnableRequest() },
        ];
        _member.Acknowledge(commands);
        _member.CatchUp();
        Assert.True(_member.Store.Auth.IsEnabled);

        Assert.True((await AskAsync(Put)).IsServed);
    }

    [Fact]
    public async Task Reads_and_keep_alives_are_answered()
    {
        RangeResponse read = await _member.CallAsync("/etcdserverpb.KV/Range", new RangeRequest { Key = ByteString.CopyFromUtf8("k") }, _member.Keys.Range);
        Assert.Equal(0, read.Count);
        Assert.Equal(LaggingMember.TtlSeconds, await _member.KeepAliveAsync(Lease));
    }

    [Fact]
    public async Task All_that_were_let_in_are_answered_and_make_room()
    {
        _member.Held!.SetResult();
        await Task.WhenAll(_flood);

        Assert.Equal(1 + WriteAdmission.LeastRoom + 1, (await PutAsync()).Header.Revision);
        Assert.True((await AskAsync(Put)).IsServed);
    }

    /// <summary>Has a call come in on a connection that has what is always its own under way.</summary>
    private async Task<(HttpContext Context, bool IsServed)> AskAsync(string method)
    {
        bool isServed = false;
        var context = new DefaultHttpContext();
        context.Request.Path = method;
        context.Request.Body = new MemoryStream(Body);
        var share = new ClientShare();
        for (int i = 0; i < WriteAdmission.LeastShare; i++)
        {
            share.Begin();
        }

        context.Features.Set(share);
        await new EarlyRefusal(_member.Context, new ServerMetrics(_member.Context).Calls, _ =>
        {
            isServed = true;
            return Task.CompletedTask;
        }).InvokeAsync(context);
        return (context, isServed);
    }

    private Task<PutResponse> PutAsync() => _member.CallAsync(Put, new PutRequest { Key = ByteString.CopyFromUtf8("k") }, _member.Keys.Put);
}
