namespace Veche.Store.Auth;

/// <summary>Follows what becomes of simple tokens: who may use one, and how long, is not part of the state. Called on the thread that applies.</summary>
public interface IAuthObserver
{
    /// <summary>A user has got a token.</summary>
    /// <param name="user">Who.</param>
    /// <param name="token">The token.</param>
    /// <param name="index">Index of the entry that issued it, which is also the token's end.</param>
    void TokenIssued(string user, string token, long index);

    /// <summary>A user is gone or has a new password, so the tokens end.</summary>
    void UserInvalidated(string user);

    /// <summary>Authentication was turned off, or the whole state was replaced: all tokens end.</summary>
    void Reset();
}
