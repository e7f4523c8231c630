using AspireAgent.Budget.Breaker;
using AspireAgent.Budget.Ledger;
using AspireAgent.Contracts.Budget;
using AspireAgent.Contracts.Json;
using AspireAgent.ServiceDefaults;
using AspireAgent.ServiceDefaults.Problems;
using AspireAgent.ServiceDefaults.Trust;
using AspireAgent.Signals.Publishing;

var builder = WebApplication.CreateBuilder(args);
builder.AddServiceDefaults().AddRedis();
builder.Services.AddTrust();
builder.Services.AddLedger();
builder.Services.AddBreaker();

var app = builder.Build();
app.UseProblems();
app.UseAuthentication();
app.UseAuthorization();
app.MapDefaultEndpoints();
app.MapLedger();
app.MapBreaker();
app.MapSignal<BudgetStatus>("/v1/budget/signal", WireJson.Types.BudgetStatus).RequireAuthorization(TrustRegistration.ServicePolicy);
app.Run();
