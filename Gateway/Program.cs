using AspireAgent.Gateway;
using AspireAgent.Gateway.Instances;
using AspireAgent.Gateway.Protocols.OpenAi;
using AspireAgent.Gateway.Protocols.Sessions;
using AspireAgent.Gateway.Protocols.Sse;
using AspireAgent.Gateway.Protocols.WebSockets;
using AspireAgent.Gateway.Routing;
using AspireAgent.ServiceDefaults;
using AspireAgent.ServiceDefaults.Problems;

var builder = WebApplication.CreateBuilder(args);
builder.AddServiceDefaults().AddRedis().WithSmallSendBuffers();
builder.Services.AddGateway();

var app = builder.Build();
app.UseProblems();
app.UseAuthentication();
app.UseAuthorization();
app.UseWebSockets();
app.MapDefaultEndpoints();
app.MapSessions();
app.MapSse();
app.MapSessionWebSocket();
app.MapOpenAi();
app.MapInstances();
app.MapAdminForwarding();
app.Run();
