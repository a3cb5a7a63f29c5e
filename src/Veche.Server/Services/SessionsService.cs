using System.Buffers.Binary;
using System.Security.Cryptography;
using Grpc.Core;
using Veche.Api.Commands;
using Veche.Api.V1;
using Veche.Server.Semantics;

namespace Veche.Server.Services;

/// <summary>Client sessions: opened and closed through the log.</summary>
internal sealed class SessionsService(MemberContext member) : Sessions.SessionsBase
{
    public override async Task<OpenSessionResponse> Open(OpenSessionRequest request, ServerCallContext context)
    {
        // Not to be guessed: while authentication is off, who knows the id may use the session.
        long id = (BinaryPrimitives.ReadInt64LittleEndian(RandomNumberGenerator.GetBytes(8)) & long.MaxValue) | 1;
        var open = new SessionCommand { Open = new SessionCommand.Types.Open { Id = id } };
        OpenSessionResponse response = await member.ProposeAsync<OpenSessionResponse>(new Command { Session = open }, context).ConfigureAwait(false);
        response.Session = SessionTerms.IdText(id);
        member.Complete(response.Header);
        return response;
    }

    public override async Task<CloseSessionResponse> Close(CloseSessionRequest request, ServerCallContext context)
    {
        var close = new SessionCommand { Close = new SessionCommand.Types.Close { Id = SessionTerms.ParseId(request.Session) } };
        CloseSessionResponse response = await member.ProposeAsync<CloseSessionResponse>(new Command { Session = close }, context).ConfigureAwait(false);
        member.Complete(response.Header);
        return response;
    }
}
