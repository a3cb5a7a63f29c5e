using Veche.Api.Commands;
using Veche.Store.Auth;

namespace Veche.Simulation.Clients;

/// <summary>Who somebody says to be.</summary>
/// <param name="User">The user's name; no user need have it.</param>
/// <param name="TokenRevision">The revision at which it got its token, as JWT has it; 0 for who is recognised anew with every request, as with a certificate.</param>
internal sealed record Identity(string User, ulong TokenRevision)
{
    /// <summary>Who runs the cluster.</summary>
    public static Identity Root { get; } = new(AuthView.Root, 0);

    /// <summary>What a member takes the caller for, as servers do: nobody while authentication is off.</summary>
    /// <param name="auth">Users, roles and permissions as the member knows them.</param>
    public Caller? RecognisedBy(AuthView auth) => auth.IsEnabled ? new Caller { User = User, Revision = TokenRevision > 0 ? TokenRevision : auth.Revision } : null;
}
