// A replicated counter: three members in one process, every addition agreed on by a majority and in the same order everywhere.
using System.Buffers.Binary;
using System.Net;
using Veche.Hosting;
using Veche.Raft;
using Veche.Replica;

int[] ports = [7001, 7002, 7003];
var members = ports.ToDictionary(port => new MemberId((ulong)port), port => new DnsEndPoint("127.0.0.1", port));
var hosts = members.Select(member => ReplicaHost.Start(
    new ReplicaHostOptions
    {
        Id = member.Key,
        ClusterId = 42,
        InitialMembers = members,
        Listen = [new IPEndPoint(IPAddress.Loopback, member.Value.Port)],
        DataDirectory = args.Length > 0 ? Path.Combine(args[0], member.Key.ToString()) : null,
    },
    new Counter())).ToList();

for (long i = 1; i <= 10; i++)
{
    byte[] add = BitConverter.GetBytes(i);

    // Any member may be asked; the answer comes when a majority has the command on disk and this member has applied it.
    ReplicaHost host = hosts[(int)(i % 3)];
    Console.WriteLine($"+{i} at member {host.Id}: {await host.ProposeAsync(add)}");
}

await Task.WhenAll(hosts.Select(host => host.StopAsync()));

internal sealed class Counter : InMemoryStateMachine
{
    private long _total;

    protected override object? Apply(ReadOnlySpan<byte> command) =>
        BinaryPrimitives.TryReadInt64LittleEndian(command, out long add) ? _total += add : "not a number";

    protected override void Save(Stream destination) => destination.Write(BitConverter.GetBytes(_total));

    protected override void Load(Stream source)
    {
        byte[] total = new byte[8];
        source.ReadExactly(total);
        _total = BitConverter.ToInt64(total);
    }
}
