"""What each section of the gate's page shows, as plain values for its template; imports `reports.chart` and `suite`."""
