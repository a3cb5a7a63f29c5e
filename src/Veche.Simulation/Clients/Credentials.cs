using Veche.Simulation.Faults;

namespace Veche.Simulation.Clients;

/// <summary>Whom a client or a watcher acts as: one user for a while, then perhaps another, or nobody. Where a world has no users, nobody.</summary>
internal sealed class Credentials
{
    private readonly World _world;
    private readonly SimulationRandom _random;
    private readonly bool _isUsed;
    private bool _hasToken;

    /// <param name="world">The world.</param>
    /// <param name="luck">Sets apart whose they are: chance of their own, so that a world without users does what it did.</param>
    public Credentials(World world, ulong luck)
    {
        _world = world;
        _random = new SimulationRandom(world.Plan.Seed ^ luck);
        _isUsed = world.Plan.Faults.Has(FaultKind.Auth);
        Change();
    }

    /// <summary>Who it is now; null for nobody.</summary>
    public Identity? Now { get; private set; }

    /// <summary>It asks for something: now and then as somebody else.</summary>
    public Identity? Next()
    {
        if (_isUsed && _random.Chance(0.02))
        {
            Change();
        }

        return Now;
    }

    /// <summary>It was told that its token is old, and gets another one.</summary>
    public Identity? LogIn()
    {
        if (_hasToken && Now is not null)
        {
            Now = Now with { TokenRevision = _world.Model.AuthAt(_world.Judge.Canon.CommittedIndex).Revision };
        }

        return Now;
    }

    /// <summary>From now on it is somebody else.</summary>
    public void ActAs(Identity identity)
    {
        _hasToken = false;
        Now = identity;
    }

    private void Change()
    {
        if (!_isUsed)
        {
            return;
        }

        // One of them never comes to be.
        string? user = _random.Chance(0.06) ? null : _random.Chance(0.15) ? "root" : _random.Chance(0.04) ? "nemo" : _random.Pick(AuthMaker.Users);
        _hasToken = _random.Chance(0.4);
        Now = user is null ? null : new Identity(user, 0);
        LogIn();
    }
}
