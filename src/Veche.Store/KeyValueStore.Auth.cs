using Veche.Api.Commands;
using Veche.Store.Auth;
using Veche.Store.Engine;
using Veche.Store.Mvcc;

namespace Veche.Store;

/// <summary>Users, roles and permissions.</summary>
public sealed partial class KeyValueStore
{
    private AuthView _auth;
    private AuthWriter? _authWriter;

    /// <summary>Users, roles and permissions as they are now.</summary>
    public AuthView Auth => Volatile.Read(ref _auth);

    /// <summary>Told about tokens. Set before the store is used.</summary>
    public IAuthObserver? AuthObserver { get; set; }

    /// <summary>Whether the caller may keep a lease alive, which keeps its keys: who may write all of them. Null when so. Permissions and keys are those of one state.</summary>
    public StoreError? CheckKeep(Caller? caller, long lease)
    {
        using OpenState state = OpenReading();
        return state.Auth.CheckKnown(caller) ?? RequestPermissions.CheckAttached(state.Auth, caller, lease, id => LeaseKeys.Read(state.View, id));
    }

    private static AuthView ReadAuth(IKeyValueEngine engine)
    {
        using IEngineView view = engine.OpenView();
        return AuthKeys.Read(view);
    }
}
