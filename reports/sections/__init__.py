"""What each section of the gate's page shows, as plain values for its template; imports the charts of `reports` and `suite`."""
