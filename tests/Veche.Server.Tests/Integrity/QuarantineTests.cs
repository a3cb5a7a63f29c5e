using Google.Protobuf;
using Grpc.Core;
using Grpc.Net.Client;
using Veche.Api;
using Veche.Store.Engine.Rocks;
using Veche.Store.Mvcc;
using static Veche.Server.Tests.Auth.AuthServer;

namespace Veche.Server.Tests.Integrity;

/// <summary>A member whose files were changed while it was down: found, not served, repaired from the others, said.</summary>
public sealed class QuarantineTests : IAsyncLifetime
{
    private const int StateDistrusted = 300;
    private const int StateRepaired = 301;
    private const int StorePutAside = 304;
    private const int OtherIsQuarantined = 305;
    private const int Keys = 400;

    private readonly string _directory = Directory.CreateTempSubdirectory("veche-quarantine-").FullName;
    private readonly VecheServer[] _servers = new VecheServer[3];
    private readonly EventLog[] _logs = [new(), new(), new()];
    private (string Name, Uri Url)[] _cluster = [];

    public async ValueTask InitializeAsync()
    {
        _cluster = [.. TestPorts.Free(3).Select(static (port, i) => ("m" + i, new Uri($"http://127.0.0.1:{port}")))];
        for (int i = 0; i < 3; i++)
        {
            await StartAsync(i);
        }

        foreach (VecheServer server in _servers)
        {
            await server.Published;
        }

        using GrpcChannel channel = Channel(0);
        var kv = new KV.KVClient(channel);
        for (int i = 0; i < Keys; i++)
        {
            await kv.PutAsync(new PutRequest { Key = B($"key-{i:000}"), Value = ByteString.CopyFrom(RandomBytes(i, 500)) });
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (VecheServer server in _servers)
        {
            await server.DisposeAsync();
        }

        Directory.Delete(_directory, recursive: true);
    }

    [Fact]
    public async Task A_value_that_was_changed_behind_its_back_is_never_served_again_and_comes_back()
    {
        EventLog told = await RepairAsync(store =>
        {
            using var engine = new RocksEngine(store);
            byte[] key = [KeyLayout.Current, .. "key-123"u8];
            using (var view = engine.OpenView())
            {
                KeyValue kv = KeyValue.Parser.ParseFrom(view.Get(key));
                kv.Value = B("nobody has written this");
                engine.Batch.Put(key, kv.ToByteArray());
            }

            engine.Commit();
            engine.Flush();
        });
        Assert.Contains("not what a majority had", await told.Said(StateDistrusted), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_flipped_bit_in_a_file_of_the_store_is_found_and_repaired()
    {
        EventLog told = await RepairAsync(static store =>
        {
            // In the middle of the largest file there is data, not what the file needs in order to be opened.
            string file = Directory.EnumerateFiles(store, "*.sst").MaxBy(static path => new FileInfo(path).Length)!;
            using FileStream stream = File.Open(file, FileMode.Open);
            stream.Position = stream.Length / 2;
            int old = stream.ReadByte();
            stream.Position--;
            stream.WriteByte((byte)(old ^ 0x10));
        });
        Assert.Contains("Corruption", await told.Said(StateDistrusted), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_store_that_cannot_be_opened_is_put_aside_and_comes_back()
    {
        EventLog told = await RepairAsync(static store => File.WriteAllBytes(Directory.EnumerateFiles(store, "MANIFEST-*").Single(), RandomBytes(7, 200)));
        Assert.Contains("damaged-store-1", await told.Said(StorePutAside), StringComparison.Ordinal);
        Assert.NotEmpty(Directory.EnumerateFiles(Path.Combine(_directory, "m1", "store", "damaged-store-1")));
    }

    /// <summary>Damages the second member's store while it is down, and sees what comes of it.</summary>
    private async Task<EventLog> RepairAsync(Action<string> damage)
    {
        await _servers[1].StopAsync();
        _servers[1] = null!;
        damage(Path.Combine(_directory, "m1", "store", "store-1"));
        var told = new EventLog { Saying = (id, _) => LookWhileIll(id) };
        _logs[1] = told;
        _logs[0].Saying = (id, _) => LookAtAlarm(id);
        await StartAsync(1);
        await _logs[1].Said(StateDistrusted);
        await _logs[0].Said(OtherIsQuarantined);
        await _logs[1].Said(StateRepaired);

        using GrpcChannel whole = Channel(0);
        using GrpcChannel repaired = Channel(1);
        Assert.Empty((await new Maintenance.MaintenanceClient(repaired).AlarmAsync(new AlarmRequest())).Alarms);
        Assert.Empty((await new Maintenance.MaintenanceClient(repaired).StatusAsync(new StatusRequest())).Errors);
        var everything = new RangeRequest { Key = ByteString.CopyFrom(0), RangeEnd = ByteString.CopyFrom(0) };
        Assert.Equal((await new KV.KVClient(whole).RangeAsync(everything)).Kvs, (await new KV.KVClient(repaired).RangeAsync(everything)).Kvs);

        // And it is a member like any other.
        await new KV.KVClient(repaired).PutAsync(new PutRequest { Key = B("after"), Value = B("repair") });
        Assert.Equal(Keys + 1, (await new KV.KVClient(whole).RangeAsync(everything)).Count);

        // What was wrong is not thrown away.
        await _servers[1].StopAsync();
        _logs[1] = new EventLog();
        await StartAsync(1);
        await _servers[1].Published;
        Assert.True(Directory.Exists(Path.Combine(_directory, "m1", "store", "damaged-store-1")));
        return told;
    }

    /// <summary>At the moment it is found: reads are refused, stale ones too, and writes.</summary>
    private void LookWhileIll(int eventId)
    {
        if (eventId != StateDistrusted || _servers[1] is not { ClientAddresses.Count: > 0 })
        {
            return;
        }

        using GrpcChannel channel = Channel(1);
        var kv = new KV.KVClient(channel);
        foreach (bool stale in (bool[])[true, false])
        {
            RpcException refused = Assert.Throws<RpcException>(() => kv.Range(new RangeRequest { Key = B("key-123"), Serializable = stale }));
            Assert.Equal(StatusCode.Unavailable, refused.StatusCode);
            Assert.Contains("quarantine", refused.Status.Detail, StringComparison.Ordinal);
        }

        Assert.Contains("quarantine", Assert.Throws<RpcException>(() => kv.Put(new PutRequest { Key = B("x"), Value = B("y") })).Status.Detail, StringComparison.Ordinal);
        Assert.Contains(new Maintenance.MaintenanceClient(channel).Status(new StatusRequest()).Errors, static error => error.Contains("in quarantine", StringComparison.Ordinal));
    }

    /// <summary>At the moment the others hear of it: the alarm is there, and they go on.</summary>
    private void LookAtAlarm(int eventId)
    {
        if (eventId == OtherIsQuarantined && !_logs[0].Said(OtherIsQuarantined).IsCompleted)
        {
            using GrpcChannel channel = Channel(0);
            string error = Assert.Single(new Maintenance.MaintenanceClient(channel).Status(new StatusRequest()).Errors);
            Assert.Equal($"memberID:{_servers[1].MemberId.Value} alarm:CORRUPT ", error);
        }
    }

    private async Task StartAsync(int number)
    {
        _servers[number] = await VecheServer.StartAsync(
            Quick with
            {
                Memory = false,
                DataDirectory = Path.Combine(_directory, _cluster[number].Name),
                Name = _cluster[number].Name,
                ListenPeerUrls = [_cluster[number].Url],
                AdvertisePeerUrls = [_cluster[number].Url],
                InitialCluster = [.. _cluster],
                ElectionTimeoutMs = 300,
                HeartbeatIntervalMs = 30,
                StateHashInterval = TimeSpan.FromMilliseconds(200),
            },
            _logs[number]);
    }


    private GrpcChannel Channel(int number) => GrpcChannel.ForAddress(_servers[number].ClientAddresses[0]);

    private static byte[] RandomBytes(int seed, int length)
    {
        byte[] bytes = new byte[length];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }
}
