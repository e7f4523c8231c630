using AspireAgent.Config.Layers;
using AspireAgent.Contracts.Config;
using AspireAgent.Contracts.Json;
using AspireAgent.ServiceDefaults;
using AspireAgent.ServiceDefaults.Problems;
using AspireAgent.ServiceDefaults.Trust;
using AspireAgent.Signals.Publishing;

var builder = WebApplication.CreateBuilder(args);
builder.AddServiceDefaults().AddRedis();
builder.Services.AddTrust();
builder.Services.AddGlobalLayer();

var app = builder.Build();
app.UseProblems();
app.UseAuthentication();
app.UseAuthorization();
app.MapDefaultEndpoints();
app.MapGlobalLayer();
app.MapSignal<AgentConfig>("/v1/config/signal", WireJson.Types.AgentConfig).RequireAuthorization(TrustRegistration.ServicePolicy);
app.Run();
