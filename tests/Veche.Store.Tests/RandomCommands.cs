using System.Globalization;
using Veche.Api;
using Veche.Api.Commands;
using static Veche.Store.Tests.StoreHarness;

namespace Veche.Store.Tests;

/// <summary>Commands drawn from a seed, over a few keys so that they meet.</summary>
internal static class RandomCommands
{
    public static IEnumerable<Command> Make(Random random, int count)
    {
        for (int i = 0; i < count; i++)
        {
            yield return random.Next(20) switch
            {
                < 9 => PutOf(Key(random), Value(random), random.Next(4) == 0 ? random.Next(1, 4) : 0, random.Next(2) == 0),
                < 11 => new Command { DeleteRange = new DeleteRangeRequest { Key = B(Key(random)), RangeEnd = random.Next(3) == 0 ? B(Key(random)) : B(string.Empty), PrevKv = true } },
                < 15 => new Command { Txn = Transaction(random, 0) },
                15 => new Command { Compact = new CompactionRequest { Revision = random.Next(1, Math.Max(2, i / 2)) } },
                < 18 => new Command { LeaseGrant = new LeaseGrantRequest { ID = random.Next(1, 4), TTL = 10 } },
                _ => new Command { LeaseRevoke = new LeaseRevokeRequest { ID = random.Next(1, 4) } },
            };
        }
    }

    private static string Key(Random random) => random.Next(5) == 0 ? "k\0" + random.Next(3).ToString(CultureInfo.InvariantCulture) : "k" + random.Next(8).ToString(CultureInfo.InvariantCulture);

    private static string Value(Random random) => new('v', random.Next(20));

    private static TxnRequest Transaction(Random random, int depth)
    {
        var request = new TxnRequest();
        if (random.Next(2) == 0)
        {
            request.Compare.Add(new Compare { Key = B(Key(random)), Target = Compare.Types.CompareTarget.Version, Result = (Compare.Types.CompareResult)random.Next(4), Version = random.Next(3) });
        }

        HashSet<string> used = [];
        for (int i = random.Next(4); i > 0; i--)
        {
            string key = Key(random);
            if (used.Add(key))
            {
                request.Success.Add(new RequestOp { RequestPut = new PutRequest { Key = B(key), Value = B(Value(random)), PrevKv = true } });
            }
        }

        request.Success.Add(new RequestOp { RequestRange = new RangeRequest { Key = B("k"), RangeEnd = B("l"), Limit = random.Next(5), Revision = random.Next(6) == 0 ? random.Next(1, 30) : 0 } });
        request.Failure.Add(new RequestOp { RequestDeleteRange = new DeleteRangeRequest { Key = B(Key(random)), RangeEnd = B(Key(random)), PrevKv = true } });
        if (depth < 2 && random.Next(3) == 0)
        {
            request.Failure.Add(new RequestOp { RequestTxn = Transaction(random, depth + 1) });
        }

        return request;
    }
}
