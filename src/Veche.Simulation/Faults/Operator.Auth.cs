using Veche.Api;
using Veche.Api.Commands;
using Veche.Simulation.Clients;
using Veche.Simulation.Members;
using Veche.Simulation.Verdicts;
using Member = Veche.Simulation.Members.Member;

namespace Veche.Simulation.Faults;

/// <summary>Users, roles and permissions: given and taken while clients go on.</summary>
internal sealed partial class Operator
{
    /// <summary>Luck of their own: a world without users does what it did.</summary>
    private readonly SimulationRandom _luck = new(world.Plan.Seed ^ 0xA074_0521);

    private AuthMaker? _maker;

    /// <summary>What was asked for first may be on its way.</summary>
    private long _beginsAgainNs;

    /// <summary>Gives or takes something; at first, everything that is needed to begin with.</summary>
    public void ChangeAuth()
    {
        List<Member> up = [.. world.Members.Where(static member => member is { State: MemberState.Up, IsWitness: false })];
        if (up.Count == 0)
        {
            return;
        }

        AuthState now = world.Model.AuthAt(world.Judge.Canon.CommittedIndex);
        Member asked = _luck.Pick(up);
        _maker ??= new AuthMaker(_luck, world.Keys);
        bool begins = now.Users.Count == 0 && world.NowNs >= _beginsAgainNs;
        if (begins)
        {
            _beginsAgainNs = world.NowNs + 1_000_000_000;
        }

        IEnumerable<AuthCommand> commands = begins ? _maker.Beginning() : _luck.Chance(0.15) ? [_maker.Senseless()] : [_maker.Sensible(now)];
        foreach (AuthCommand command in commands)
        {
            Ask(asked, command);
        }
    }

    /// <summary>The world has ended its faults: from now on the first client may write, as root, or because nobody is asked any more.</summary>
    public void LetWrite(Member member, Client client)
    {
        client.ActAs(Identity.Root);
        if ((world.Plan.Seed & 1) == 0)
        {
            Ask(member, new AuthCommand { Disable = new AuthDisableRequest() });
        }
    }

    private void Ask(Member member, AuthCommand command)
    {
        if (member.IsRunning)
        {
            world.Count("auth changes asked for");
            world.Note(member.Number, $"is asked to change users: {command}");
            member.Administer(new Command { Auth = command });
        }
    }
}
