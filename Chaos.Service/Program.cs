using AspireAgent.Chaos.Experiments;
using AspireAgent.Contracts.Chaos;
using AspireAgent.Contracts.Json;
using AspireAgent.ServiceDefaults;
using AspireAgent.ServiceDefaults.Problems;
using AspireAgent.ServiceDefaults.Trust;
using AspireAgent.Signals.Publishing;

var builder = WebApplication.CreateBuilder(args);
builder.AddServiceDefaults().AddRedis();
builder.Services.AddTrust();
builder.Services.AddExperiments();

var app = builder.Build();
app.UseProblems();
app.UseAuthentication();
app.UseAuthorization();
app.MapDefaultEndpoints();
app.MapExperiments();
app.MapSignal<ChaosStatus>("/v1/chaos/signal", WireJson.Types.ChaosStatus).RequireAuthorization(TrustRegistration.ServicePolicy);
app.Run();
