"""Better and worse answers: pairs, negatives, energy, samples, and what scores them. May import `rows`."""
