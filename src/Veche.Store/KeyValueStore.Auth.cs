using Veche.Store.Auth;
using Veche.Store.Engine;

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

    private static AuthView ReadAuth(IKeyValueEngine engine)
    {
        using IEngineView view = engine.OpenView();
        return AuthKeys.Read(view);
    }
}
