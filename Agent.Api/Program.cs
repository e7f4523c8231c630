using AspireAgent.Agent;
using AspireAgent.Agent.Endpoints;
using AspireAgent.ServiceDefaults;
using AspireAgent.ServiceDefaults.Problems;

var builder = WebApplication.CreateBuilder(args);
builder.AddServiceDefaults().AddRedis().WithSmallSendBuffers();
builder.Services.AddAgent();

var app = builder.Build();
app.UseProblems();
app.UseAuthentication();
app.UseAuthorization();
app.MapDefaultEndpoints();
app.MapSessions();
app.MapModels();
app.Run();
